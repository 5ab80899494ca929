
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  // --- sorting: within a block, by the number in the cell, else by its text; missing ones last
  const keyOf = (row, column) => {
    const cell = row.children[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : null;
  };
  const compare = (column, descending, textual) => (one, two) => {
    if (textual) {
      const order = one.children[column].textContent.localeCompare(
        two.children[column].textContent, "en", { numeric: true });
      return descending ? -order : order;
    }
    const a = keyOf(one, column);
    const b = keyOf(two, column);
    if (a === null || b === null) return (a === null) - (b === null);
    return descending ? b - a : a - b;
  };
  for (const button of document.querySelectorAll("button.sort")) {
    button.addEventListener("click", () => {
      const head = button.parentElement;
      const column = Array.from(head.parentElement.children).indexOf(head);
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.children) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const order = compare(column, descending, button.classList.contains("text"));
      for (const body of head.closest("table").tBodies) {
        const rows = Array.from(body.querySelectorAll("tr.row"));
        rows.sort(order).forEach((row) => body.append(row));
      }
    });
  }

  // --- filtering
  const filter = byId("filter");
  const kind = byId("kind");
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let all = 0;
    for (const sheet of document.querySelectorAll(".sheet")) {
      sheet.hidden = Boolean(kind.value) && sheet.dataset.kind !== kind.value;
      for (const body of sheet.querySelectorAll("tbody")) {
        let some = false;
        for (const row of body.querySelectorAll("tr.row")) {
          row.hidden = !words.every((word) => row.dataset.name.includes(word));
          some = some || !row.hidden;
          all += 1;
          shown += !row.hidden && !sheet.hidden;
        }
        const title = body.querySelector("tr.block");
        if (title) title.hidden = !some;
      }
    }
    byId("shown").textContent = shown === all ? "" : `${shown} of ${all} lines shown`;
  };
  filter.addEventListener("input", apply);
  kind.addEventListener("change", apply);

  // --- LaTeX to the clipboard; pages opened from a file may lack the clipboard's interface
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const done = await copied(data.latex[button.dataset.label]);
      button.textContent = done ? "Copied" : "Copying is not allowed here";
      setTimeout(() => { button.textContent = "Copy LaTeX"; }, 2000);
      button.focus();
    });
  }

  // --- the viewer
  const { images, methods, views, titles, decimals, hidden } = data.viewer;
  if (!byId("images")) return;
  const method = byId("view-method");
  const image = byId("view-image");
  const mode = byId("view-mode");
  const wipe = byId("view-wipe");
  const other = byId("view-hidden"); // there is a choice where several variants hide faces
  const variant = () => (other ? other.value : hidden[0]);
  const option = (select, text, value) => {
    const item = document.createElement("option");
    item.textContent = text;
    item.value = value;
    select.append(item);
  };
  const several = new Set(methods.map((m) => m.benchmark)).size > 1;
  methods.forEach((m, i) => {
    const some = images.some((_, j) => `${i}/${j}` in views);
    if (some) option(method, several ? `${m.benchmark}: ${m.label}` : m.label, i);
  });
  const listImages = () => {
    const before = image.value;
    image.replaceChildren();
    images.forEach((one, j) => {
      if (`${method.value}/${j}` in views) option(image, one.id, j);
    });
    if (Array.from(image.options).some((o) => o.value === before)) image.value = before;
  };

  const loaded = new Map();
  const load = (address) => {
    if (!address) return Promise.resolve(null);
    if (!loaded.has(address)) {
      loaded.set(address, new Promise((resolve) => {
        const picture = new Image();
        picture.onload = () => resolve(picture);
        picture.onerror = () => resolve(null);
        picture.src = address;
      }));
    }
    return loaded.get(address);
  };
  const pixelsOf = (picture, width, height) => {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
  const fire = (v) => [Math.min(255, 2.2 * v), Math.max(0, 1.6 * v - 100), Math.max(0, 4 * v - 820)];
  const paint = async (canvas, shown, test, view) => {
    const one = images[image.value];
    const [photo, alpha, matte] = await Promise.all(
      [one[test], one.alpha, view[test] && view[test].matte].map(load));
    const needed = { image: [photo], matte: [matte], composite: [matte, photo], error: [matte, alpha] };
    if (needed[shown].some((picture) => !picture)) return false;
    const size = needed[shown][0];
    canvas.width = size.naturalWidth;
    canvas.height = size.naturalHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (shown === "image" || shown === "matte") {
      context.drawImage(size, 0, 0);
      return true;
    }
    const [w, h] = [canvas.width, canvas.height];
    const a = pixelsOf(matte, w, h);
    const other = pixelsOf(shown === "error" ? alpha : photo, w, h);
    for (let i = 0; i < a.data.length; i += 4) {
      const m = a.data[i];
      const colour = shown === "error"
        ? fire(Math.abs(m - other.data[i]))
        : [0, 177, 64].map((c, k) => (m * other.data[i + k] + (255 - m) * c) / 255);
      for (let k = 0; k < 3; k += 1) a.data[i + k] = colour[k];
      a.data[i + 3] = 255;
    }
    context.putImageData(a, 0, 0);
    return true;
  };
  const scores = (view) => {
    const body = byId("view-scores").tBodies[0];
    body.replaceChildren();
    const [b, n] = [variant(), "N"].map((v) => (view[v] ? view[v].scores : {}));
    for (const name of Object.keys(titles)) {
      if (!(name in b) && !(name in n)) continue;
      const digits = decimals[name];
      const text = (value, signed) => {
        if (value === undefined) return "\u2013";
        const size = Math.abs(value).toFixed(digits);
        if (Number(size) === 0) return size;
        return (value < 0 ? "\u2212" : signed ? "+" : "") + size;
      };
      const gap = name in b && name in n ? n[name] - b[name] : undefined;
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = titles[name];
      row.append(head);
      for (const value of [text(b[name]), text(n[name]), text(gap, true)]) {
        const cell = document.createElement("td");
        cell.textContent = value;
        row.append(cell);
      }
      body.append(row);
    }
  };
  const place = () => {
    const at = Number(wipe.value);
    byId("view-b").style.clipPath = wipe.disabled ? "none" : `inset(0 ${100 - at}% 0 0)`;
    byId("view-line").style.left = `${at}%`;
  };
  let turn = 0;
  const show = async () => {
    turn += 1;
    const mine = turn;
    const view = views[`${method.value}/${image.value}`] || {};
    scores(view);
    const done = await Promise.all(
      [["view-b", variant()], ["view-n", "N"]].map(([id, v]) => paint(byId(id), mode.value, v, view)));
    if (mine !== turn) return;
    byId("view-none").hidden = done.some(Boolean);
    byId("view-b").hidden = !done[0];
    byId("view-n").hidden = !done[1];
    const alone = !(done[0] && done[1]);
    byId("view-line").hidden = alone;
    wipe.disabled = alone;
    byId("view-b").classList.toggle("alone", alone);
    place();
  };
  if (other) {
    other.addEventListener("change", () => {
      for (const name of document.querySelectorAll(".hidden-name")) name.textContent = variant();
      show();
    });
  }
  method.addEventListener("change", () => { listImages(); show(); });
  image.addEventListener("change", show);
  mode.addEventListener("change", show);
  wipe.addEventListener("input", place);
  if (method.options.length) {
    if (Array.from(method.options).some((o) => Number(o.value) === data.viewer.first)) {
      method.value = data.viewer.first;
    }
    listImages();
    show();
  }
})();
