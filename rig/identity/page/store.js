// What the phone keeps: the list of what was checked, and photos that wait for the network.
"use strict";

const LIST = "adapter-check-list";
const MOST = 2000;

export const list = {
  all() {
    try {
      const kept = JSON.parse(localStorage.getItem(LIST) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  },
  // The newest first; an adapter that is checked again at once replaces its entry.
  add(entry) {
    const kept = this.all();
    const same = kept[0] && JSON.stringify(kept[0].value) === JSON.stringify(entry.value);
    this.save([entry, ...kept.slice(same ? 1 : 0)].slice(0, MOST));
  },
  save(entries) {
    localStorage.setItem(LIST, JSON.stringify(entries));
  },
};

function request(made) {
  return new Promise((done, failed) => {
    made.onsuccess = () => done(made.result);
    made.onerror = () => failed(made.error);
  });
}

async function photosStore(mode) {
  const opening = indexedDB.open("adapter-check", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("photos", { keyPath: "id", autoIncrement: true });
  return (await request(opening)).transaction("photos", mode).objectStore("photos");
}

export const photos = {
  async add(blob) {
    return request((await photosStore("readwrite")).add({ at: Date.now(), blob }));
  },
  async all() {
    return request((await photosStore("readonly")).getAll());
  },
  async remove(id) {
    return request((await photosStore("readwrite")).delete(id));
  },
};

// One line a check, the oldest first. Cells that a spreadsheet would take for a formula are marked as text.
export function csv(entries) {
  const header = ["time", "serial", "MAC", "model", "vendor", "verdict", "reason"];
  const rows = [...entries].reverse().map(({ at, value, said }) =>
    [new Date(at).toISOString(), said.serial, value.mac, value.model, said.vendor, said.verdict, said.reason]);
  const cell = (value) => {
    const text = /^[=+\-@\t\r]/.test(value ?? "") ? `'${value}` : value ?? "";
    return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return "\ufeff" + [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}
