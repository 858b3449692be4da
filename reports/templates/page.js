'use strict';
// Shared by the pages: figures that are drawn when they come near the window, buttons that choose what a figure
// shows, and tables that sort and filter. Tables are complete without it.
const page = (() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const redraws = [];
  const boxOf = (box) => (typeof box === 'string' ? document.getElementById(box) : box);
  const plain = (text) => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;');

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Distinguishable with the common colour blindnesses (Okabe and Ito), on paper and in grey.
  const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a8f98', '#a6761d'];

  const axis = (title) => ({
    title: {text: title, standoff: 8}, automargin: true, zeroline: true, zerolinecolor: colour('--faint'),
    gridcolor: colour('--line'), linecolor: colour('--line'), exponentformat: 'power',
  });

  const layout = (xTitle, yTitle, more) => Object.assign({
    margin: {l: 56, r: 12, t: 12, b: 48}, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
    font: {color: colour('--ink'), family: 'system-ui, sans-serif', size: 12},
    legend: {orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0},
    xaxis: axis(xTitle), yaxis: axis(yTitle), showlegend: false,
  }, more || {});

  const config = {displaylogo: false, displayModeBar: false};

  // Figures follow their boxes at once, whatever changes these: a window, a turned phone, a late style.
  const boxes = new ResizeObserver((entries) => entries.forEach((entry) => {
    const {width, height} = entry.contentRect;
    const {layout: now} = entry.target;
    if (now && width > 0 && (now.width !== width || now.height !== height)) {
      Plotly.relayout(entry.target, {width, height});
    }
  }));

  // A figure is drawn when it comes near the window, or before the page is printed.
  const waiting = new Map();
  const near = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting && waiting.has(entry.target)) waiting.get(entry.target)();
  }), {rootMargin: '600px'});

  // make(width) gives {traces, layout, height?}. Returns a function that draws again.
  const draw = (box, make) => {
    const element = boxOf(box);
    if (!element) return () => {};
    const again = () => {
      waiting.delete(element);
      const {width} = element.getBoundingClientRect();
      const f = make(width);
      if (f.height) element.style.height = `${f.height}px`;
      const {height} = element.getBoundingClientRect();
      Plotly.react(element, f.traces, Object.assign(f.layout, {width, height}), config);
    };
    redraws.push(again);
    waiting.set(element, () => { again(); boxes.observe(element); });
    near.observe(element);
    return again;
  };

  // Buttons, one of which is pressed; onChoice gets the index.
  const choices = (box, labels, onChoice) => {
    const element = boxOf(box);
    if (!element || labels.length < 2) return;
    const buttons = labels.map((label, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      button.setAttribute('aria-pressed', i === 0 ? 'true' : 'false');
      button.addEventListener('click', () => {
        buttons.forEach((b) => b.setAttribute('aria-pressed', b === button ? 'true' : 'false'));
        onChoice(i);
      });
      element.append(button);
      return button;
    });
  };

  const redrawAll = () => redraws.forEach((f) => f());
  // Paper is narrower than most windows; every figure is drawn, seen or not.
  addEventListener('beforeprint', () => {
    document.body.classList.add('printing');
    redrawAll();
  });
  addEventListener('afterprint', () => {
    document.body.classList.remove('printing');
    redrawAll();
  });

  const cellKey = (row, i) => {
    const cell = row.cells[i];
    const value = cell.dataset.value !== undefined ? Number(cell.dataset.value) : NaN;
    return Number.isNaN(value) ? cell.textContent.trim() : value;
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const up = head.getAttribute('aria-sort') !== 'ascending';
        [...table.tHead.rows[0].cells].forEach((h) => h.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const rows = [...body.rows].sort((a, b) => {
          const x = cellKey(a, i), y = cellKey(b, i);
          // Empty and textual cells after numbers, whichever way.
          if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
          const order = typeof x === 'number' ? x - y : x.localeCompare(y);
          return up ? order : -order;
        });
        rows.forEach((r) => r.classList.remove('group'));
        body.append(...rows);
      });
    });
  };

  const filterKey = (row, i) => {
    const cell = row.cells[i];
    return cell.dataset.filter !== undefined ? cell.dataset.filter : cell.textContent.trim();
  };

  // One selection list per named column.
  const filterable = (table, holder, columns) => {
    const heads = [...table.tHead.rows[0].cells].map((c) => c.textContent.trim());
    const rows = [...table.tBodies[0].rows];
    const count = document.createElement('span');
    count.setAttribute('role', 'status');
    const wanted = new Map();
    const apply = () => {
      let shown = 0;
      rows.forEach((row) => {
        row.hidden = [...wanted].some(([i, text]) => text !== '' && filterKey(row, i) !== text);
        if (!row.hidden) ++shown;
      });
      count.textContent = `${shown} of ${rows.length} rows`;
    };
    columns.forEach((name) => {
      const i = heads.indexOf(name);
      const values = [...new Set(rows.map((r) => filterKey(r, i)))];
      if (values.length < 2) return;
      const label = document.createElement('label');
      const select = document.createElement('select');
      select.append(new Option('all', ''), ...values.map((v) => new Option(v, v)));
      select.addEventListener('change', () => { wanted.set(i, select.value); apply(); });
      label.append(name, select);
      holder.append(label);
    });
    holder.append(count);
    apply();
  };

  return {data, colour, palette, plain, axis, layout, draw, choices, sortable, filterable};
})();
