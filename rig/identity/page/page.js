// The page: its form, its verdict, its list. It judges by itself; the bench reads codes in photos.
"use strict";

import { AwayError, Camera, codesIn, noCamera, smaller } from "./camera.js";
import { Judge, ReadingError } from "./judge.js";
import { csv, list, photos } from "./store.js";

const RETRY_MS = 5000;
const MARKS = { valid: "✓", plausible: "≈", inconsistent: "✗", unknown: "?" };
const READ = ["serial", "mac", "model", "vendor", "date"];

const element = (id) => document.getElementById(id);
const form = element("form"), camera = new Camera(element("video"));
const judge = fetch("rules.json").then((answer) => answer.json()).then((rules) => new Judge(rules));

function make(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function say(text, calm = false) {
  element("message").textContent = text;
  element("message").className = calm ? "calm" : "";
  element("message").hidden = !text;
}

function values() {
  const entries = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  return Object.fromEntries(entries.map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
}

function fill(value) {
  for (const input of form.elements) {
    if (input.name) input.value = value[input.name] ?? "";
  }
  showFilled();
}

function showFilled() {
  const names = [...form.elements].filter((input) => input.name && input.name !== "serial" && input.value.trim());
  const words = names.map((input) => input.labels[0].textContent).join(", ");
  element("filled").textContent = words ? `: ${words}` : "";
}

async function judged(value) {
  const now = new Date(), day = [now.getFullYear(), now.getMonth() + 1, now.getDate()], rules = await judge;
  return rules.judge(rules.readings(value), day);
}

async function check(value) {
  if (!value.serial) {
    say("Type the serial number, scan it, or take a photo of the label.");
    element("serial").focus();
    return;
  }
  try {
    const said = await judged(value);
    list.add({ at: Date.now(), value, said });
    say("");
    show(said);
  } catch (error) {
    element("result").hidden = true;
    if (error instanceof ReadingError) {
      element("more").open = true;
      element(error.field).focus();
    }
    say(error instanceof ReadingError ? error.message : "The rules are not on this phone yet: connect it once.");
  }
  showList();
}

function show(said) {
  const result = element("result");
  result.className = said.verdict;
  element("verdict").textContent = `${MARKS[said.verdict]} ${said.verdict[0].toUpperCase()}${said.verdict.slice(1)}`;
  element("judged").replaceChildren(said.serial, " ", make("small", said.vendor ?? ""));
  element("reason").textContent = said.reason;
  element("evidence").replaceChildren(...said.evidence.map((one) => {
    const line = make("li", "", one.effect);
    line.append(make("b", one.source), one.text);
    return line;
  }));
  result.hidden = element("clear").hidden = false;
  document.activeElement?.blur(); // the keyboard goes, the verdict is seen
  result.scrollIntoView({ block: "nearest" });
}

function showList() {
  const entries = list.all();
  element("rows").replaceChildren(...entries.map(({ value, said }) => {
    const line = make("li", "", said.verdict), button = make("button", "");
    button.type = "button";
    button.append(make("code", said.serial), make("span", said.verdict, "word"), make("span", said.reason, "why"));
    button.addEventListener("click", () => {
      fill(value);
      say("");
      show(said);
      element("result").scrollIntoView();
    });
    line.append(button);
    return line;
  }));
  element("count").textContent = entries.length ? `(${entries.length})` : "";
  element("empty").hidden = entries.length > 0;
  element("export").disabled = element("forget").disabled = entries.length === 0;
}

function taken(reading) {
  const known = values();
  const read = Object.fromEntries(READ.filter((name) => reading[name]).map((name) => [name, reading[name]]));
  const same = known.serial && known.serial === read.serial;
  return { ...(same ? known : {}), ...read };
}

// -- photos -----------------------------------------------------------------------------------------------------------

async function photographed(file) {
  say("Reading the photo …", true);
  element("result").hidden = true;
  const blob = await smaller(file);
  try {
    await read(await codesIn(blob));
  } catch (error) {
    if (!(error instanceof AwayError)) return say(error.message);
    await photos.add(blob);
    say("No network: the photo is kept, and read when the network is back.", true);
    await showWaiting();
  }
}

async function read({ codes, reading }) {
  if (!reading.serial) {
    element("result").hidden = true;
    const what = codes.length ? `No serial number in the codes: ${codes.map((code) => code.text).join(", ")}.` : "No code found.";
    return say(`${what} Go closer, hold still, keep reflections off the label; or type it.`);
  }
  const value = taken(reading);
  fill(value);
  await check(value);
}

let sending = false;

async function sendWaiting() {
  if (sending) return;
  sending = true;
  try {
    for (const { id, at, blob } of await photos.all()) {
      const { reading } = await codesIn(blob).catch((error) => {
        if (error instanceof AwayError) throw error;
        return { reading: {} };
      });
      await photos.remove(id);
      if (reading.serial) {
        const value = Object.fromEntries(READ.filter((name) => reading[name]).map((name) => [name, reading[name]]));
        const said = await judged(value);
        list.add({ at, value, said });
        say(`A photo that waited was read: ${said.serial} is ${said.verdict}.`, true);
      } else {
        say("A photo that waited shows no serial number: take it again.");
      }
      showList();
    }
  } catch (error) {
    if (!(error instanceof AwayError)) throw error;
  } finally {
    sending = false;
  }
  await showWaiting();
}

async function showWaiting() {
  const waiting = (await photos.all()).length;
  element("waiting").textContent = waiting === 1 ? "1 photo waits for the network." : `${waiting} photos wait for the network.`;
  element("waiting").hidden = waiting === 0;
}

async function watch() {
  const there = await fetch("health", { cache: "no-store", signal: AbortSignal.timeout(4000) }).then((answer) => answer.ok)
    .catch(() => false);
  element("network").textContent = "No network: typing works, photos wait.";
  element("network").hidden = there;
  if (there) await sendWaiting();
}

// -- scanning ---------------------------------------------------------------------------------------------------------

async function scan() {
  const missing = noCamera();
  if (missing) return say(missing);
  say("");
  element("result").hidden = true;
  element("seen").textContent = "Hold the label into the picture.";
  element("camera").hidden = false;
  element("camera").scrollIntoView({ block: "center" });
  try {
    const reading = await camera.scan((codes) => { element("seen").textContent = `Seen: ${codes.join(", ")}`; });
    element("camera").hidden = true;
    if (reading) {
      navigator.vibrate?.(80);
      await read({ codes: [], reading });
    }
  } catch (error) {
    camera.stop();
    element("camera").hidden = true;
    const away = error instanceof AwayError;
    say(away ? "No network: scanning needs it. Take a photo, it is read later; or type the number."
      : `The camera cannot be used (${error.message}). Use Photo.`);
  }
}

function download() {
  const link = make("a", "");
  link.href = URL.createObjectURL(new Blob([csv(list.all())], { type: "text/csv" }));
  link.download = `adapters-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function next() {
  fill({});
  say("");
  element("result").hidden = element("clear").hidden = true;
  element("more").open = false;
  element("serial").focus();
}

form.addEventListener("input", showFilled);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  check(values());
});
element("photo").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) await photographed(file);
  event.target.value = "";
});
element("scan").addEventListener("click", scan);
element("stop").addEventListener("click", () => {
  camera.stop();
  element("camera").hidden = true;
});
element("clear").addEventListener("click", next);
element("export").addEventListener("click", download);
element("forget").addEventListener("click", () => {
  if (window.confirm("Delete the whole list?")) list.save([]);
  showList();
});
window.addEventListener("online", watch);
window.addEventListener("offline", watch);
navigator.serviceWorker?.register("sw.js").catch(() => {});
showList();
showWaiting();
watch();
setInterval(watch, RETRY_MS);
