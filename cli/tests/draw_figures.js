// node draw_figures.js PAGE: runs the scripts of a report's page against a stand-in for the browser and plotly.js, and
// expects every figure to be drawn from numbers. Exit code 1 says which is not.
'use strict';
const html = require('fs').readFileSync(process.argv[2], 'utf8');
const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((m) => m[1]);
const data = html.match(/<script type="application\/json" id="data">([\s\S]*?)<\/script>/)[1];
const boxes = [...html.matchAll(/data-figure="([^"]*)" data-subject="([^"]*)"/g)].map((m) => ({
  dataset: {figure: m[1], subject: m[2]}, style: {}, buttons: [],
  getBoundingClientRect: () => ({width: 600, height: 400}),
  get parentElement() { return {querySelector: () => ({append: (b) => this.buttons.push(b)})}; },
}));
const drawn = new Map();
const element = () => ({attributes: {}, setAttribute() {}, append() {},
  addEventListener(_, press) { this.press = press; }});
global.document = {
  getElementById: (id) => (id === 'data' ? {textContent: data} : null),
  querySelectorAll: (what) => (what === '[data-figure]' ? boxes : []),
  documentElement: {}, createElement: element, body: {classList: {add() {}, remove() {}}},
};
global.getComputedStyle = () => ({getPropertyValue: () => '#000'});
global.addEventListener = () => {};
global.ResizeObserver = class { observe() {} };
global.IntersectionObserver = class {
  constructor(seen) { this.seen = seen; }
  observe(target) { this.seen([{isIntersecting: true, target}]); }
};
global.Plotly = {react: (box, traces, layout) => drawn.set(box, {traces, layout}), relayout() {}};

new Function(scripts[scripts.length - 1])();

let failures = 0;
const numbers = (x) => (Array.isArray(x) ? x.reduce((n, y) => n + numbers(y), 0) : Number.isFinite(x) ? 1 : 0);
const check = (box, state) => {
  const name = `${box.dataset.figure} of ${box.dataset.subject}, ${state}`;
  const figure = drawn.get(box);
  if (!figure) { console.log(`${name}: not drawn`); ++failures; return; }
  const count = figure.traces.reduce((n, t) => n + numbers(t.x || []) + numbers(t.y || []) + numbers(t.z || []), 0);
  if (count === 0) { console.log(`${name}: no numbers`); ++failures; }
};
boxes.forEach((box) => {
  check(box, 'at first');
  box.buttons.forEach((button, i) => { drawn.delete(box); button.press(); check(box, `button ${i}`); });
});
const products = boxes.filter((b) => b.dataset.figure === 'map' && b.dataset.subject === 'mul');
const edges = new Set(products.flatMap((b) => b.buttons.map((button) => {
  button.press();
  const line = drawn.get(b).traces.find((t) => t.type === 'scatter');
  return line ? line.x[1] : NaN;
})));
// pam, pam:1.0552 and l_mul: three compensations, three edges, each in (0, 1].
if (products.length === 0 || edges.size < 3 || [...edges].some((e) => !(e > 0 && e <= 1))) {
  console.log(`edges of the products' map: ${[...edges]}`);
  ++failures;
}
if (boxes.length < 6) { console.log(`${boxes.length} figures`); ++failures; }
process.exit(failures === 0 ? 0 : 1);
