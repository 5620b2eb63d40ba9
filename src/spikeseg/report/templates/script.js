(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  const showView = (key) => {
    all("#pictures [data-view]").forEach((e) => e.classList.toggle("on", e.dataset.view === key));
    all("#pictures [data-legend]").forEach((e) => e.classList.toggle("on", e.dataset.legend === key));
    all("[data-show]").forEach((e) => e.setAttribute("aria-pressed", String(e.dataset.show === key)));
  };
  all("[data-show]").forEach((e) => e.addEventListener("click", () => showView(e.dataset.show)));
  const pressed = document.querySelector('[data-show][aria-pressed="true"]');
  if (pressed) showView(pressed.dataset.show);

  all("[data-enlarge]").forEach((button) => button.addEventListener("click", () => {
    const isLarge = byId(button.dataset.enlarge).classList.toggle("large");
    button.setAttribute("aria-pressed", String(isLarge));
  }));
  byId("tint").addEventListener("input", (event) => {
    document.documentElement.style.setProperty("--tint", event.target.value / 100);
  });

  const bare = (isBare) => document.documentElement.classList.toggle("bare", isBare);
  all(".picture").forEach((e) => e.addEventListener("pointerdown", () => bare(true)));
  ["pointerup", "pointercancel", "blur"].forEach((name) => window.addEventListener(name, () => bare(false)));

  const slider = byId("step"), play = byId("play");
  const moveCursor = (line, numSteps) => {
    const { low, high, start, end } = line.dataset;
    const share = (numSteps - low) / (high - low);
    const x = Number(start) + share * (end - start);
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    line.classList.toggle("on", share >= 0 && share <= 1);
  };
  const showFrame = () => {
    const index = slider.value;
    all("#forming [data-frame]").forEach((e) => e.classList.toggle("on", e.dataset.frame === index));
    const numSteps = document.querySelector(`.readout[data-frame="${index}"]`).dataset.steps;
    slider.setAttribute("aria-valuetext", `after ${numSteps} steps`);
    all(".cursor").forEach((line) => moveCursor(line, Number(numSteps)));
  };
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "\u25B6 Play";
  };
  const advance = () => {
    slider.value = Number(slider.value) + 1;
    showFrame();
    if (slider.value === slider.max) stop();
  };
  slider.addEventListener("input", () => { stop(); showFrame(); });
  play.addEventListener("click", () => {
    if (timer !== null) { stop(); return; }
    if (slider.value === slider.max) { slider.value = 0; showFrame(); }
    play.textContent = "\u275A\u275A Pause";
    timer = setInterval(advance, 450);
  });
  stop();
  showFrame();
})();
