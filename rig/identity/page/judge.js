// The same as rig/identity/judge.py with its helpers, for a page without network. Both are run on the same cases.
"use strict";

const HOLE = /\{(\w+)\}/g;
const SEPARATORS = /[\s:.\-\u2010-\u2015]+/g;
const FORGIVEN = [["spaces", /\s+/g], ["hyphens", /[-\u2010-\u2015\u2212]+/g], ["colons", /:+/g]];
const DAY = 86400000;
const NEAR_DAYS = 31;

export class ReadingError extends Error {
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

export class Judge {
  // *data* is rules.json: vendors, words, characters, user agents and the owners of MACs.
  constructor(data) {
    this.data = data;
    this.byKey = new Map(data.vendors.map((rule) => [rule.key, rule]));
    this.owners = new Map();
    for (const [owner, ouis] of Object.entries(data.owners)) {
      for (let at = 0; at < ouis.length; at += 6) this.owners.set(ouis.slice(at, at + 6), owner);
    }
    this.agents = data.user_agents.map(([vendor, pattern]) => [vendor, new RegExp(pattern.replaceAll("(?P<", "(?<"))]);
  }

  say(code, values = {}) {
    return this.data.words[code].replace(HOLE, (_, name) => String(values[name]));
  }

  owner(oui) {
    return this.owners.get(oui) ?? "";
  }

  vendorOf(owner) {
    const plain = owner.toLowerCase().replace(/[^a-z0-9]/g, "");
    if (!plain) return "";
    return this.data.vendors.find((rule) => rule.owners.some((start) => plain.startsWith(start)))?.key ?? "";
  }

  named(vendor) {
    const plain = vendor.toLowerCase().replace(/[^a-z0-9]/g, "");
    if (!plain) return "";
    const starts = (rule) => [rule.key, ...rule.name.toLowerCase().split(", ")];
    const rule = this.data.vendors.find((one) => starts(one).some((start) => plain.startsWith(start)));
    return this.vendorOf(plain) || (rule?.key ?? "");
  }

  modelsOf(model) {
    const plain = model.toUpperCase().replace(/[^A-Z0-9]/g, "");
    const matches = this.data.vendors.flatMap((rule) =>
      rule.models.filter((start) => plain.startsWith(start)).map((start) => [start.length, rule.key]));
    const longest = Math.max(0, ...matches.map(([length]) => length));
    return matches.filter(([length]) => length === longest).map(([, key]) => key);
  }

  bare(text) {
    const plain = text.replace(SEPARATORS, "").toUpperCase().replaceAll("O", "0").replaceAll("I", "1");
    if (!/^[0-9A-F]{12}$/.test(plain)) throw new ReadingError("mac", this.say("bad_mac", { mac: text.trim() }));
    return plain;
  }

  fit(rule, text) {
    const found = Array.from(text);
    if (found.length !== rule.form.length) return { fits: false, text, swaps: [], place: 0 };
    const read = [], swaps = [];
    for (let at = 0; at < found.length; at += 1) {
      const allowed = this.data.characters[rule.form[at]];
      const meant = allowed.includes(found[at]) ? found[at] : this.data.lookalikes[found[at]] ?? "";
      if (!meant || !allowed.includes(meant)) return { fits: false, text, swaps: [], place: at + 1 };
      if (meant !== found[at]) swaps.push([at + 1, found[at], meant]);
      read.push(meant);
    }
    return { fits: true, text: read.join(""), swaps, place: 0 };
  }

  ofUserAgent(text) {
    for (const [vendor, pattern] of this.agents) {
      const parts = pattern.exec(text.trim())?.groups;
      if (!parts) continue;
      const trimmed = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, (value ?? "").trim()]));
      return { source: "User-Agent", vendor: this.byKey.get(vendor).name, ...trimmed };
    }
    return { source: "User-Agent" };
  }

  // What a form says, by the names of the fields.
  readings(value) {
    const of = (name) => (value[name] ?? "").trim();
    const found = [{ source: "label", serial: of("serial"), mac: of("mac"), model: of("model"), vendor: of("vendor"),
      date: of("date") }];
    if (of("user_agent")) found.push(this.ofUserAgent(of("user_agent")));
    const others = { web_serial: "web page", console_serial: "console", account_serial: "fax account" };
    for (const [name, source] of Object.entries(others)) {
      if (of(name)) found.push({ source, serial: of(name) });
    }
    const all = found.map((one) => ({ serial: "", mac: "", model: "", vendor: "", date: "", ...one }));
    return all.filter((one) => one.serial || one.mac || one.model || one.vendor || one.date);
  }

  // *today* is [year, month, day].
  judge(readings, today) {
    return new Case(this, readings, dayOf(...today)).judgement();
  }

  choose(text, readings, macs) {
    for (const rule of this.data.vendors) {
      if (rule.distinctive && this.isOnlyOf(rule, text)) return { rule, by: "form", like: "" };
    }
    const like = /^[0-9A-F]{12}$/.test(text) && !isLocal(text) ? this.owner(text.slice(0, 6)) : "";
    const key = readings.map((one) => this.named(one.vendor)).find(Boolean);
    if (key) return { rule: this.byKey.get(key), by: "named", like };
    const owner = macs.filter((mac) => !isLocal(mac)).map((mac) => this.owner(mac.slice(0, 6))).find(Boolean) ?? "";
    const vendor = this.vendorOf(owner);
    const keys = readings.map((one) => this.modelsOf(one.model)).find((one) => one.length);
    if (keys) {
      const fitting = keys.filter((one) => this.byKey.get(one).form && this.fit(this.byKey.get(one), text).fits);
      const chosen = keys.includes(vendor) ? vendor : (fitting.length ? fitting : keys)[0];
      return { rule: this.byKey.get(chosen), by: "model", like };
    }
    if (vendor) return { rule: this.byKey.get(vendor), by: "mac", like };
    if (owner) return { rule: null, by: "owner", like };
    return this.byCommonForm(text, like);
  }

  isOnlyOf(rule, text) {
    const found = this.fit(rule, text);
    const whole = found.fits ? part(rule, found.text, "mac") : "";
    return found.fits && (!whole || this.vendorOf(this.owner(whole.slice(0, 6))) === rule.key);
  }

  byCommonForm(text, like) {
    if (like) return { rule: null, by: "", like };
    const tried = this.data.vendors.filter((rule) => rule.form && !rule.distinctive)
      .map((rule) => [rule, this.fit(rule, text)]).filter(([, found]) => found.fits);
    const best = tried.find(([, found]) => !found.swaps.length) ?? tried[0];
    return best ? { rule: best[0], by: "common form", like: "" } : { rule: null, by: "", like: "" };
  }
}

class Case {
  constructor(judge, readings, today) {
    Object.assign(this, { judge, readings, today, evidence: [], made: null });
    const first = readings.find((one) => one.serial);
    this.given = first?.serial.trim() ?? "";
    this.serialSource = first?.source ?? "";
    this.cleaned = clean(this.given);
    this.macs = readings.filter((one) => one.mac).map((one) => [one.source, judge.bare(one.mac), one.mac]);
    this.dates = readings.filter((one) => one.date).map((one) => [one.date.trim(), this.days(one.date)]);
    this.choice = judge.choose(this.cleaned.text, readings, this.macs.map(([, bare]) => bare));
    this.rule = this.choice.rule;
  }

  judgement() {
    const form = this.form();
    this.formEvidence = this.evidence.at(-1);
    for (const bare of new Set(this.macs.map(([, one]) => one))) this.owner(bare, form);
    this.macAndSerial(form);
    this.sourcesAgreeOnMac();
    this.model();
    this.sourcesAgreeOnModel();
    this.vendors();
    this.productionDate();
    this.otherSerials(form.text);
    const verdict = this.verdict(form.fits), name = this.rule?.name ?? "";
    return { serial: form.text, given: this.given, vendor: name || null, verdict, reason: this.reason(verdict, name),
      evidence: this.evidence };
  }

  // What one and the same text says agrees with itself; a label is many things that were printed apart.
  isSecond(source) {
    return source === "label" || source !== this.serialSource;
  }

  add(source, effect, code, values = {}) {
    this.evidence.push({ source, effect, text: this.judge.say(code, values) });
  }

  form() {
    const text = this.cleaned.text, rule = this.rule;
    if (!text) {
      this.add("serial", "note", "no_serial");
      return { fits: false, text: "" };
    }
    if (this.cleaned.without.length) this.add("serial", "note", "forgiven", { what: this.cleaned.without.join(" and ") });
    if (this.cleaned.lowerCase) this.add("serial", "note", "lower_case");
    if (this.choice.like) this.add("serial", "warns", "like_mac", { owner: this.choice.like });
    if (!rule) {
      this.add("serial", "note", this.choice.by === "owner" ? "no_rule_for_owner" : "no_form");
      return { fits: false, text };
    }
    if (rule.strength === "none") {
      this.add("serial", "note", "no_rule", { vendor: rule.name });
      return { fits: false, text };
    }
    return this.against(rule, text);
  }

  against(rule, text) {
    const found = this.judge.fit(rule, text), sample = rule.strength === "sample";
    const said = { vendor: rule.name, words: rule.words };
    if (found.fits) {
      for (const [place, character, meant] of found.swaps) {
        this.add("serial", "note", "lookalike", { found: character, meant, place });
      }
      this.add("serial", "fits", sample ? "fits_sample" : rule.distinctive ? "fits" : "fits_common", said);
      this.productionWeek(rule, found);
      return found;
    }
    const [effect, kind] = sample ? ["warns", "sample_"] : ["disagrees", ""], characters = Array.from(text);
    if (found.place) {
      const wanted = this.judge.data.character_words[rule.form[found.place - 1]];
      this.add("serial", effect, `${kind}place`, { place: found.place, found: characters[found.place - 1], wanted, ...said });
    } else {
      this.add("serial", effect, `${kind}length`, { count: characters.length, ...said });
    }
    return found;
  }

  productionWeek(rule, found) {
    const week = part(rule, found.text, "week");
    if (!week) return;
    const number = Number(week), year = rule.year_0 + Number(part(rule, found.text, "year"));
    if (number < 1 || number > 53) {
      this.add("serial", "disagrees", "week", { week });
      return;
    }
    const made = weekOf(year, number);
    if (made[0] > this.today) {
      this.add("serial", "disagrees", "future", { week, year });
      return;
    }
    this.add("serial", "note", "made", { week, year });
    Object.assign(this, { made, week, year });
  }

  owner(bare, form) {
    const mac = written(bare), rule = this.rule;
    if (parseInt(bare[1], 16) & 1) return this.add("MAC", "disagrees", "mac_multicast", { mac });
    if (isLocal(bare)) return this.add("MAC", "warns", "mac_local", { mac });
    const owner = this.judge.owner(bare.slice(0, 6));
    if (!owner) return this.add("MAC", "note", "mac_no_owner", { mac });
    const key = this.judge.vendorOf(owner), said = { mac, owner, vendor: rule?.name ?? "" };
    if (!rule) return this.add("MAC", "note", "mac_owner", said);
    if (key === rule.key) {
      const second = this.macs.some(([source, one]) => one === bare && this.isSecond(source));
      const counts = rule.strength === "strict" && form.fits && second;
      return this.add("MAC", counts ? "agrees" : "note", "mac_owner", said);
    }
    if (rule.kin.includes(key)) return this.add("MAC", "note", "mac_kin", said);
    return this.add("MAC", "disagrees", this.againstChoice("mac"), said);
  }

  againstChoice(what) {
    return this.choice.by === "form" ? `${what}_not_form` : `${what}_disagrees`;
  }

  macAndSerial(form) {
    const rule = this.rule;
    if (!rule || !form.fits) return;
    const whole = part(rule, form.text, "mac"), tail = part(rule, form.text, "mac_tail");
    if (whole) this.serialIsMac(rule, whole);
    for (const [source, bare] of tail ? this.macs : []) {
      const agrees = bare.endsWith(tail), confirms = this.isSecond(source) ? "agrees" : "note";
      this.add("MAC", agrees ? confirms : "warns", agrees ? "tail_agrees" : "tail_warns", { mac: written(bare) });
    }
  }

  serialIsMac(rule, whole) {
    const owner = this.judge.owner(whole.slice(0, 6));
    if (this.judge.vendorOf(owner) !== rule.key) {
      this.add("serial", "disagrees", owner ? "serial_owner" : "serial_no_owner", { vendor: rule.name, owner });
    }
    for (const [source, bare] of this.macs) {
      const same = bare === whole, confirms = this.isSecond(source) ? "agrees" : "note", said = { vendor: rule.name, mac: written(bare) };
      this.add("MAC", same ? confirms : "disagrees", same ? "mac_is_serial" : "mac_not_serial", said);
    }
  }

  sourcesAgreeOnMac() {
    for (const [source, bare, given] of this.macs) {
      if (/[OI]/.test(given.toUpperCase())) this.add(source, "note", "mac_lookalike", { mac: written(bare) });
    }
    const first = this.macs[0]?.[1] ?? "";
    for (const [source, bare] of this.macs.slice(1)) {
      if (bare === first) this.add(source, "note", "mac_same");
      else this.add(source, "disagrees", "mac_differs", { found: written(bare), mac: written(first) });
    }
  }

  model() {
    const rule = this.rule, models = this.readings.map((one) => one.model.trim()).filter(Boolean);
    for (const model of new Set(models)) {
      const keys = this.judge.modelsOf(model);
      if (!keys.length) {
        this.add("model", "note", "model_unknown", { model });
        continue;
      }
      const other = keys.map((key) => this.judge.byKey.get(key).name).join(" or ");
      const said = { model, other, vendor: rule?.name ?? "" }, own = rule && keys.includes(rule.key);
      if (!rule || (own && keys.length > 1) || keys.some((key) => rule.kin.includes(key))) {
        this.add("model", "note", "model_shared", { ...said, vendor: other });
      } else if (own) {
        const second = this.readings.some((one) => one.model.trim() === model && this.isSecond(one.source));
        const counts = rule.strength === "strict" && rule.distinctive && second;
        this.add("model", counts ? "agrees" : "note", "model_agrees", said);
      } else {
        this.add("model", "disagrees", this.againstChoice("model"), said);
      }
    }
  }

  sourcesAgreeOnModel() {
    const models = this.readings.filter((one) => one.model.trim()).map((one) => [one.source, one.model.trim()]);
    for (const [source, model] of models.slice(1)) {
      const one = plainModel(models[0][1]), other = plainModel(model);
      if (one.includes(other) || other.includes(one)) this.add(source, "note", "model_same");
      else this.add(source, "disagrees", "model_differs", { found: model, model: models[0][1] });
    }
  }

  vendors() {
    const rule = this.rule;
    for (const reading of this.readings) {
      const said = reading.vendor.trim(), key = this.judge.named(said);
      if (!said) continue;
      if (!key) {
        this.add(reading.source, "note", "vendor_unknown", { other: said });
      } else if (rule && key !== rule.key && !rule.kin.includes(key)) {
        const code = this.choice.by === "form" ? "vendor_not_form" : "vendor_differs";
        this.add(reading.source, "disagrees", code, { other: this.judge.byKey.get(key).name, vendor: rule.name });
      } else if (rule && key === rule.key && reading.source !== this.readings[0].source) {
        this.add(reading.source, "note", "vendor_agrees", { vendor: rule.name });
      }
    }
  }

  productionDate() {
    for (const [date, span] of this.dates) {
      if (!this.made) {
        this.add("date", "note", "date_alone", { date });
        continue;
      }
      const gap = Math.max((span[0] - this.made[1]) / DAY, (this.made[0] - span[1]) / DAY, 0);
      const [effect, code] = gap === 0 ? ["agrees", "date_agrees"]
        : gap <= NEAR_DAYS ? ["note", "date_near"] : ["disagrees", "date_disagrees"];
      this.add("date", effect, code, { date, week: this.week, year: this.year });
    }
  }

  otherSerials(serial) {
    const others = this.readings.filter((one) => one.serial.trim());
    for (const { source, serial: given } of others.slice(1)) {
      const found = clean(given).text;
      if (found === serial) this.add(source, "agrees", "serial_same");
      else if (folded(found) === folded(serial)) this.add(source, "agrees", "serial_lookalike", { found });
      else this.add(source, "disagrees", "serial_differs", { found, serial });
    }
  }

  verdict(fits) {
    const has = (effect) => this.evidence.some((one) => one.effect === effect);
    if (has("disagrees")) return "inconsistent";
    if (!fits) return "unknown";
    return has("agrees") ? "valid" : "plausible";
  }

  reason(verdict, vendor) {
    const decides = { inconsistent: "disagrees", valid: "agrees", plausible: "warns", unknown: "warns" }[verdict];
    const deciding = this.evidence.find((one) => one.effect === decides);
    if (verdict === "plausible" && !deciding) return this.judge.say("plausible", { vendor });
    const chosen = deciding ?? this.formEvidence, own = ["serial", "MAC", "model", "date"].includes(chosen.source);
    const code = verdict === "plausible" ? "plausible_warned" : verdict;
    return this.judge.say(code, { vendor, text: own ? chosen.text : `the ${chosen.source} ${chosen.text}` });
  }

  days(text) {
    const span = daysOf(text.trim().toUpperCase());
    if (!span) throw new ReadingError("date", this.judge.say("bad_date", { date: text.trim() }));
    return span;
  }
}

const dayOf = (year, month, day) => Date.UTC(year, month - 1, day);
const written = (mac) => mac.match(/../g).join(":");
const isLocal = (mac) => Boolean(parseInt(mac[1], 16) & 2);
const folded = (text) => text.replaceAll("O", "0").replaceAll("I", "1");
const plainModel = (model) => model.toUpperCase().replace(/[^A-Z0-9]/g, "");

function part(rule, text, name) {
  const [first, last] = rule.fields[name] ?? [0, -1];
  return text.slice(first, last + 1);
}

function clean(given) {
  let text = given.trim();
  const without = [];
  for (const [name, pattern] of FORGIVEN) {
    const rest = text.replace(pattern, "");
    if (rest !== text) without.push(name);
    text = rest;
  }
  return { text: text.toUpperCase(), without, lowerCase: text !== text.toUpperCase() };
}

function weekOf(year, number) {
  const fourth = dayOf(year, 1, 4); // it is always in week 1
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY + (number - 1) * 7 * DAY;
  return [monday, monday + 6 * DAY];
}

const DATES = [
  [/^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})$/, "day"],
  [/^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})$/, "day"],
  [/^(?<year>\d{4})-?W(?<week>\d{1,2})$/, "week"],
  [/^(?<year>\d{4})[-/](?<month>\d{1,2})$/, "month"],
  [/^(?<month>\d{1,2})[-/.](?<year>\d{4})$/, "month"],
  [/^(?<year>\d{4})$/, "year"],
];

// The first and last day of what is written; null when it is no date.
function daysOf(plain) {
  const found = DATES.map(([form, kind]) => [form.exec(plain)?.groups, kind]).find(([groups]) => groups);
  if (!found) return null;
  const [groups, kind] = found, year = Number(groups.year), month = Number(groups.month), day = Number(groups.day);
  if (year < 1980 || year > 2200) return null;
  if (kind === "year") return [dayOf(year, 1, 1), dayOf(year, 12, 31)];
  if (kind === "week") return groups.week >= 1 && groups.week <= 53 ? weekOf(year, Number(groups.week)) : null;
  if (month < 1 || month > 12) return null;
  if (kind === "month") return [dayOf(year, month, 1), dayOf(year, month + 1, 1) - DAY];
  const at = dayOf(year, month, day);
  return day >= 1 && new Date(at).getUTCMonth() === month - 1 ? [at, at] : null;
}
