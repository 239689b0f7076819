// The explorer: choices above, a table below. Everything is written as text, nothing as HTML.
const explorer = document.querySelector("form.explorer");
if (explorer) {
  const models = JSON.parse(document.getElementById("explorer-data").textContent);
  const chosen = document.querySelector("table.chosen");
  const answer = document.querySelector("p.answer");
  const most = 300;
  const field = (name) => explorer.elements.namedItem(name);
  const model = () => models[field("model") ? Number(field("model").value) : 0];
  const number = (value, signed) => {
    if (value === null) return "–";
    const text = Math.abs(value).toFixed(1);
    if (Number(text) === 0) return "0.0";
    return (value < 0 ? "−" : signed ? "+" : "") + text;
  };
  const fill = (select, names, all, before) => {
    const options = names.map((name, place) => new Option(name, place));
    if (all) options.unshift(new Option(all, ""));
    select.replaceChildren(...options);
    if (before !== undefined && [...select.options].some((option) => option.value === before)) select.value = before;
  };
  const fillAll = () => {
    const { targets, sources, languages } = model();
    fill(field("target"), targets, "all", field("target").value || "0");
    fill(field("source"), sources, "all", field("source").value || (sources.length > 1 ? "1" : "0"));
    fill(field("language"), languages.map((language) => language[0]), "all", field("language").value);
  };
  const cell = (row, text, kind) => {
    const found = row.insertCell();
    found.textContent = text;
    if (kind) found.className = kind;
    return found;
  };
  const bar = (row, low, gain, high, widest) => {
    const place = (value) => `${50 + (50 * value) / widest}%`;
    const frame = document.createElement("span");
    frame.className = "bar";
    frame.setAttribute("aria-hidden", "true");
    if (gain !== null) {
      const length = document.createElement("i");
      length.className = gain < 0 ? "down" : "up";
      length.style.left = place(Math.min(0, gain));
      length.style.width = `${(50 * Math.abs(gain)) / widest}%`;
      frame.append(length);
    }
    if (low !== null && high !== null) {
      const whisker = document.createElement("b");
      whisker.style.left = place(low);
      whisker.style.width = `${(50 * (high - low)) / widest}%`;
      frame.append(whisker);
    }
    row.insertCell().append(frame);
  };
  const show = () => {
    const { targets, sources, languages, cells } = model();
    const wanted = ["target", "source", "language"].map((name) => field(name).value);
    const found = cells.filter((entry) => wanted.every((value, place) => value === "" || entry[place] === Number(value)));
    const shown = found.slice(0, most);
    const numbers = shown.flatMap((entry) => entry.slice(5)).filter((value) => value !== null);
    const widest = Math.max(1, ...numbers.map(Math.abs));
    const rows = shown.map(([target, source, language, none, score, gain, low, high]) => {
      const row = document.createElement("tr");
      const heading = document.createElement("th");
      heading.scope = "row";
      heading.textContent = languages[language][0];
      row.append(heading);
      cell(row, targets[target]);
      cell(row, sources[source]);
      cell(row, languages[language][1] === null ? "–" : languages[language][1].toFixed(2), "number");
      cell(row, number(none), "number");
      cell(row, number(score), "number");
      cell(row, number(gain, true), "number");
      cell(row, low === null || high === null ? "–" : `[${number(low, true)}, ${number(high, true)}]`);
      bar(row, low, gain, high, widest);
      return row;
    });
    chosen.tBodies[0].replaceChildren(...rows);
    for (const row of chosen.rows) {
      row.cells[1].hidden = wanted[0] !== "";
      row.cells[2].hidden = wanted[1] !== "";
    }
    const gains = found.map((entry) => entry[5]).filter((value) => value !== null);
    const up = gains.filter((gain) => gain > 0).length;
    const down = gains.filter((gain) => gain < 0).length;
    const mean = gains.length ? gains.reduce((sum, gain) => sum + gain, 0) / gains.length : null;
    answer.textContent = found.length
      ? `${found.length} ${found.length === 1 ? "score" : "scores"}${found.length > most ? `, the first ${most} shown` : ""}: ${up} gain, ${down} lose, ` +
        `mean gain ${number(mean, true)} (controls included).`
      : "There is no score for this choice.";
  };
  explorer.addEventListener("submit", (event) => event.preventDefault());
  explorer.addEventListener("change", (event) => {
    if (event.target.name === "model") fillAll();
    show();
  });
  if (field("model")) fill(field("model"), models.map((found) => found.model));
  fillAll();
  explorer.hidden = chosen.hidden = false;
  show();
}
