// Keeps the page on the phone. A new version has another name, and replaces all of the old one at once.
"use strict";
const NAME = "adapter-check-@VERSION@";
const FILES = ["./", "page.css", "page.js", "store.js", "camera.js", "judge.js", "icon.svg", "page.webmanifest", "rules.json"];

self.addEventListener("install", (event) => {
  const fetched = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fetched)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("adapter-check-") && name !== NAME;
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  event.respondWith(caches.open(NAME)
    .then((cache) => cache.match(event.request, { ignoreSearch: event.request.mode === "navigate" }))
    .then((kept) => kept ?? fetch(event.request)));
});
