'use strict';
// Horizontal bars of ratios, one for each kernel, with quartiles; the baseline is chosen by buttons.
(() => {
  const {data, plain} = page;
  const products = data.rows.filter((r) => r.class !== undefined);
  const elements = data.rows.filter((r) => r.class === undefined);

  const bars = (id, rows) => {
    const baselines = [...new Set(rows.map((r) => r.baseline))];
    if (baselines.length === 0) { document.getElementById(id).textContent = 'Nothing was measured.'; return; }
    let baseline = baselines[0];
    const again = page.draw(id, (width) => {
      const mine = rows.filter((r) => r.baseline === baseline);
      const label = (r) => plain(`${r.name} ${r.arithmetic} ${width < 600 ? '' : r.shape}` +
        `${r.threads > 1 ? `, ${r.threads} threads` : ''}`);
      // A category for each row: the same kernel has rows of several classes.
      const names = mine.map((r, i) => `${i}`).reverse();
      const classes = [...new Set(mine.map((r) => r.class || r.arithmetic))];
      const traces = classes.map((c, i) => {
        const of = mine.map((r, k) => [r, k]).filter(([r]) => (r.class || r.arithmetic) === c);
        return {type: 'bar', orientation: 'h', name: plain(c), y: of.map(([, k]) => `${k}`), x: of.map(([r]) => r.ratio),
          marker: {color: page.palette[i % page.palette.length]},
          error_x: {type: 'data', symmetric: false, array: of.map(([r]) => r.quartiles[1] - r.ratio),
            arrayminus: of.map(([r]) => r.ratio - r.quartiles[0]), thickness: 1, width: 2},
          text: of.map(([r]) => `${label(r)} ${plain(r.class || '')}`), textposition: 'none',
          hovertemplate: '%{text}<br>%{x:.3f}<extra></extra>'};
      });
      const layout = page.layout(`speed over that of ${plain(baseline)}`, '', {showlegend: true, barmode: 'overlay',
        bargap: 0.25});
      Object.assign(layout.yaxis, {type: 'category', categoryorder: 'array', categoryarray: names, tickmode: 'array',
        tickvals: mine.map((r, i) => `${i}`), ticktext: mine.map(label), tickfont: {size: width < 600 ? 10 : 12}});
      layout.xaxis.rangemode = 'tozero';
      layout.shapes = [{type: 'line', x0: 1, x1: 1, yref: 'paper', y0: 0, y1: 1,
        line: {color: page.colour('--faint'), width: 1, dash: 'dot'}}];
      layout.legend = {orientation: 'h', yref: 'container', y: 1, yanchor: 'top', x: 0};
      layout.margin = {l: 8, r: 12, t: 44, b: 44};
      return {traces, layout, height: 110 + 20 * mine.length};
    });
    page.choices(`${id}-choices`, baselines, (i) => { baseline = baselines[i]; again(); });
  };
  bars('products', products);
  bars('elements', elements);

  const all = document.getElementById('all');
  page.filterable(all, document.getElementById('filters'), ['kernel', 'arithmetic', 'operands', 'threads']);
  page.sortable(all);
})();
