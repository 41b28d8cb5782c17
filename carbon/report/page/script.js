"use strict";
(function () {
  const page = JSON.parse(document.getElementById("data").textContent);
  const w = page.words, lineage = page.lineage;
  const STEP = 40;
  const LONG = new Set(["factor", "document", "message", "remedy", "note", "reason", "file", "measure", "lacking", "renewal", "quote", "place", "by_year"]);

  function say(text, words) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in words ? String(words[name]) : whole));
  }

  // every text goes in as text: nothing from the data is ever read as markup
  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  function thousands(whole) { return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ","); }

  // as report.md writes it: a few decimals, half to even on the decimal that the number prints as
  function figure(value, digits) {
    if (value === null || value === undefined) return "–";
    if (value && Math.abs(value) < 10 ** -digits) return String(Number(value.toPrecision(3)));
    let [mantissa, power] = String(Math.abs(value)).split("e");
    let [whole, part] = mantissa.split(".");
    part = part || "";
    let shift = Number(power || 0);
    if (shift > 0) { part = part.padEnd(shift, "0"); whole += part.slice(0, shift); part = part.slice(shift); }
    if (shift < 0) { part = whole.padStart(-shift + 1, "0").slice(-(-shift)) + part; whole = "0"; }
    let kept = BigInt(whole + part.slice(0, digits).padEnd(digits, "0"));
    const rest = part.slice(digits);
    if (rest) {
      const half = "5".padEnd(rest.length, "0");
      if (rest > half || (rest === half && kept % 2n === 1n)) kept += 1n;
    }
    const text = kept.toString().padStart(digits + 1, "0");
    const end = digits ? "." + text.slice(-digits) : "";
    return (value < 0 && kept ? "-" : "") + thousands(digits ? text.slice(0, -digits) : text) + end;
  }

  // ---- tables ----
  function Table(section, name) {
    const table = page.tables[name];
    const width = table.columns.length, totals = new Set(table.whole.map((n) => table.rows[n]));
    const origin = { lineage: originOfTotal, energy: originOfTotal, text: originInWords }[table.opens];
    const state = { sort: -1, down: false, text: "", picks: {}, shown: STEP };
    const head = make("tr"), body = make("tbody"), foot = make("p", { class: "note more" });
    const tools = make("div", { class: "tools" });

    const search = make("input", { type: "search", placeholder: w.filter, "aria-label": w.filter });
    search.addEventListener("input", () => { state.text = search.value.toLowerCase(); state.shown = STEP; draw(); });
    tools.append(search);
    table.columns.forEach((column, place) => {
      if (column.list) {
        const values = [...new Set(table.rows.map((row) => row[place]))];
        if (values.length > 1 && values.length <= 300) {
          const select = make("select", { "aria-label": column.label }, new Option(column.label + ": " + w.any, ""));
          values.forEach((value, n) => select.append(new Option(value === "" ? "–" : value, String(n + 1))));
          select.addEventListener("change", () => {
            state.shown = STEP;
            if (select.value === "") delete state.picks[place]; else state.picks[place] = values[Number(select.value) - 1];
            draw();
          });
          tools.append(select);
        }
      }
      const button = make("button", { type: "button" }, column.label);
      const cell = make("th", { class: classes(column), scope: "col", "data-label": column.label }, button);
      button.addEventListener("click", () => {
        if (state.sort === place) state.down = !state.down; else { state.sort = place; state.down = column.digits !== null; }
        [...head.children].forEach((other) => other.removeAttribute("aria-sort"));
        cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        draw();
      });
      head.append(cell);
    });
    const count = make("span", { class: "count" });
    tools.append(count);
    section.append(tools, make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), body)), foot);

    function classes(column) { return ((column.digits !== null ? "num " : "") + (column.aux ? "aux " : "") + (LONG.has(column.key) ? "long " : "") + (["period", "set"].includes(column.key) ? column.key : "")).trim() || null; }

    function chosen() {
      const picks = Object.entries(state.picks);
      let rows = table.rows.filter((row) => picks.every(([place, value]) => row[place] === value));
      if (state.text) {
        rows = rows.filter((row) => row.slice(0, width).some((cell) => cell !== null && String(cell).toLowerCase().includes(state.text)));
      }
      if (state.sort >= 0) {
        const at = state.sort, sign = state.down ? -1 : 1;
        rows = rows.slice().sort((one, other) => {
          const a = one[at], b = other[at];
          if (a === b) return 0;
          if (a === null || a === "") return 1;
          if (b === null || b === "") return -1;
          return sign * (typeof a === "number" ? a - b : String(a).localeCompare(String(b), page.language, { numeric: true }));
        });
      }
      return rows;
    }

    function draw() {
      const rows = chosen();
      body.replaceChildren(...rows.slice(0, state.shown).map(line));
      count.textContent = say(w.shown, { n: thousands(String(Math.min(state.shown, rows.length))), all: thousands(String(rows.length)) });
      foot.replaceChildren();
      if (!rows.length) foot.append(w.nothing + " ");
      const left = rows.length - state.shown;
      if (left > 0) {
        const button = make("button", { type: "button" }, w.show_more);
        button.addEventListener("click", () => { state.shown += 200; draw(); });
        foot.append(button, " ", say(w.csv_more, { n: thousands(String(left)), file: table.file }), " ");
      } else if (table.more) foot.append(table.more);
    }

    function line(row) {
      const tr = make("tr", { class: totals.has(row) ? "whole" : null });
      table.columns.forEach((column, place) => {
        const value = row[place];
        const cell = make("td", { class: classes(column) });
        if (column.digits === null) cell.textContent = value === null ? "" : value;
        else if (value === null) cell.textContent = "–";
        else if (column.opens && origin && row[width] !== null) {
          const button = make("button", { type: "button", title: String(value), "aria-expanded": "false" }, figure(value, column.digits));
          button.addEventListener("click", () => toggle(tr, button, () => origin(table, row, place)));
          cell.append(button);
        } else { cell.title = String(value); cell.textContent = figure(value, column.digits); }
        tr.append(cell);
      });
      return tr;
    }
    draw();
  }

  // ---- where a figure comes from ----
  function toggle(tr, button, origin) {
    const next = tr.nextElementSibling;
    const same = button.getAttribute("aria-expanded") === "true";
    if (next && next.classList.contains("lineage")) {
      next.remove();
      tr.querySelectorAll("[aria-expanded]").forEach((one) => one.setAttribute("aria-expanded", "false"));
    }
    if (same) return;
    button.setAttribute("aria-expanded", "true");
    const close = make("button", { type: "button", class: "close" }, w.close);
    const panel = make("div", { class: "panel" }, close, make("h4", {}, w.lineage), ...origin());
    const detail = make("tr", { class: "lineage" }, make("td", { colspan: String(tr.children.length) }, panel));
    close.addEventListener("click", () => { detail.remove(); button.setAttribute("aria-expanded", "false"); button.focus(); });
    tr.after(detail);
  }

  // a text of the page, by its number at the end of the row
  function originInWords(table, row) {
    return [make("pre", {}, page.texts[row[table.columns.length]])];
  }

  // the parts of a total of a run: place, category and basis stand at the end of the row
  function originOfTotal(table, row, place) {
    const width = table.columns.length, column = table.columns[place], value = row[place];
    const energy = table.opens === "energy", what = row[width + 1], how = row[width + 2];
    const named = (key) => row[table.columns.findIndex((one) => one.key === key)];
    const period = named("period"), digits = column.digits;
    const at = table.columns.filter((one) => one.opens).indexOf(column) + (energy ? 6 : 0);
    const names = energy ? ["item", "use"] : ["category", "basis"];
    const out = [
      make("p", {}, [named("facility"), period, ...names.map(named)].filter(Boolean).join(" · ") + ": ", make("b", {}, String(value)), " " + unit(column)),
    ];
    const held = row[width] < 0 ? null : lineage.parts[row[width]];
    if (!held) return [...out, make("p", { class: "note" }, w.no_lineage)];
    const parts = [];
    for (const [number, rows, location, market] of held) {
      const key = lineage.keys[number];
      const counts = energy ? what === "total" || (what === "control-scope" ? key.control : key.i === what && key.uses === how)
        : key.c && (what === "total" || key.c === what);
      if (!counts || !key.p.includes(period)) continue;
      const masses = how === "market" && market ? market : location;
      const mass = masses[at] || 0;
      if (mass || at === 0) parts.push({ key, rows, mass });
    }
    parts.sort((one, other) => Math.abs(other.mass) - Math.abs(one.mass));
    let sum = 0;
    parts.forEach((part) => { sum += part.mass; });
    const shown = parts.slice(0, 60);
    const groups = new Map();
    shown.forEach((part) => {
      const name = part.key.cn || part.key.u;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(part);
    });
    for (const [name, some] of groups) {
      out.push(make("h5", {}, name + " · " + figure(some.reduce((all, part) => all + part.mass, 0), digits) + " " + unit(column)));
      some.forEach((part) => out.push(describe(part, column)));
    }
    let rest = value - shown.reduce((all, part) => all + part.mass, 0);
    if (Math.abs(rest) <= 1e-9 * Math.max(Math.abs(value), 1e-9)) rest = 0;
    if (!parts.length && !value) out.push(make("p", { class: "note" }, w.no_parts));
    if (parts.length > shown.length || rest) {
      out.push(make("p", { class: "note" }, say(w.other_parts, { n: parts.length > shown.length ? parts.length - shown.length : "…", sum: figure(rest, digits) })));
    }
    out.push(make("p", {}, w.sum_parts + ": ", make("b", { class: "sum" }, figure(rest ? value : sum, digits)), " " + unit(column)));
    return out;
  }

  function unit(column) { return column.key.startsWith("tce") ? "tce" : column.label.split(" ").pop() === "t" ? "t" : column.label.replace(/^.* /, ""); }

  function describe(part, column) {
    const key = part.key;
    const facts = [key.n, key.w, key.u, key.p[0], key.r, key.m].filter(Boolean).join(" · ");
    const summary = make("summary", {}, facts + " — ", make("b", {}, figure(part.mass, column.digits) + " " + unit(column)),
      " (" + say(w.missing_lines, { n: thousands(String(part.rows)) }) + ")");
    const details = make("details", {}, summary);
    details.addEventListener("toggle", () => {
      if (details.childElementCount > 1) return;
      if (key.t) details.append(make("h5", {}, w.example), make("pre", {}, key.t));
      else details.append(make("p", { class: "note" }, w.no_example));
      if (key.f.length) {
        const names = [w.factor, w.number, w.document, w.page, w.verification];
        const body = make("tbody", {}, ...key.f.map((n) => make("tr", {}, ...lineage.factors[n].map((text) => make("td", {}, text)))));
        details.append(make("h5", {}, w.factors_of),
          make("table", {}, make("thead", {}, make("tr", {}, ...names.map((text) => make("th", {}, text)))), body));
      }
    });
    return details;
  }

  // ---- charts ----
  const dictionary = { "Download plot as a PNG": w.download, "Download plot as a png": w.download, "Download plot": w.download };
  Plotly.register({ moduleType: "locale", name: "page", dictionary, format: {} });
  const config = { displaylogo: false, responsive: true, locale: "page", showTips: false, staticPlot: false, typesetMath: false,
    modeBarButtons: [["toImage"]], doubleClick: false, scrollZoom: false };
  const drawn = [];

  function start() {
    page.charts.forEach((chart) => {
      const node = document.getElementById(chart.id);
      chart.layout.hovermode = chart.layout.hovermode || "closest";
      drawn.push(node);
      Plotly.newPlot(node, structuredClone(chart.data), Object.assign({}, chart.layout), config).then(() => { node.dataset.drawn = "true"; });
    });
  }

  // on paper a chart is as wide as the page; afterwards as wide as the window lets it be
  let printing = false;
  function resize(width) {
    page.charts.forEach((chart, n) => {
      const node = drawn[n], height = chart.layout.height;
      const size = width ? { width, height: Math.max(230, Math.round(height * (chart.wide ? 1 : 0.7))), autosize: false }
        : { width: undefined, height, autosize: true };
      if (chart.wide) { // a flow moves to its new size; drawn anew it is there at once
        Plotly.purge(node);
        Plotly.newPlot(node, structuredClone(chart.data), Object.assign({}, chart.layout, size), config);
      } else Plotly.relayout(node, Object.assign(size, { width: width || null }));
    });
  }
  const folded = document.querySelectorAll("#first details:not([open])"); // paper cannot be unfolded
  function unfold(open) { folded.forEach((one) => { one.open = open; }); }
  window.addEventListener("beforeprint", () => { if (!printing) { printing = true; unfold(true); resize(660); } });
  window.addEventListener("afterprint", () => { if (printing) { printing = false; unfold(false); resize(0); } });

  document.querySelectorAll("[data-table]").forEach((section) => Table(section, section.dataset.table));
  start();
}());
