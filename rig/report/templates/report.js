"use strict";
for (const log of document.querySelectorAll("details.log")) {
  const box = log.querySelector(".filter"), told = box.querySelector("output");
  const rows = [...log.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  box.hidden = false;
  box.querySelector("input").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
  addEventListener("beforeprint", () => { log.open = true; });
}
