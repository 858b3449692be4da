// Figures of one operation. Each function gets the box to draw in and the box's subject.
const figures = (() => {
  const {data, plain} = page;
  const of = (list, operation) => list.filter((x) => x.operation === operation);
  const line = (i, more) => Object.assign({color: page.palette[i % page.palette.length], width: 1.6}, more || {});
  const buttons = (box) => box.parentElement.querySelector('.choices');
  // A figure that shows one entry of a list at a time.
  const chosen = (box, list, label, make) => {
    let i = 0;
    const again = page.draw(box, (width) => make(list[i], width));
    page.choices(buttons(box), list.map(label), (n) => { i = n; again(); });
  };
  // Errors of a thousand and more, and down to a loss of everything: the factor approximate / ordinary, on a
  // logarithmic scale.
  const isWide = (errors) => errors.some((e) => e > 8);
  const scaled = (errors, wide) => errors.map((e) => (e === null || !wide ? e : 1 + e));
  const errorTitle = (metric, wide) => (wide ? 'approximate / ordinary' : `${metric} error`);

  const map = (box, operation) => chosen(box, of(data.maps, operation), (m) => m.arithmetic, (m) => {
    const n = m.values.length;
    const fractions = Array.from({length: n}, (_, i) => i * m.fraction_unit);
    const bound = m.values.reduce((k, row) => row.reduce((q, v) => Math.max(q, Math.abs(v)), k), 0) || 1;
    const traces = [{
      type: 'heatmap', x: fractions, y: fractions, z: m.values, zmin: -bound, zmax: bound, zsmooth: false,
      colorscale: [[0, '#08306b'], [0.125, '#2171b5'], [0.3, '#9ecae1'], [0.5, '#ffffff'], [0.7, '#fcae91'],
        [0.875, '#cb181d'], [1, '#67000d']],
      colorbar: {thickness: 12, outlinewidth: 0, tickformat: '.3~f', len: 0.9},
      hovertemplate: 'Fx %{y}<br>Fy %{x}<br>error %{z:.6f}<extra></extra>',
    }];
    const layout = page.layout('fraction of the second operand, Fy', 'fraction of the first operand, Fx');
    if (m.edge) {
      const f = m.offset;
      const [x, y] = operation === 'mul' ? [[0, 1 - f], [1 - f, 0]] : [[f, 1], [0, 1 - f]];
      const text = operation === 'mul' ? `Fx + Fy = ${f === 0 ? '1' : +(1 - f).toFixed(6)}`
        : `Fx = Fy${f === 0 ? '' : ` − ${+f.toFixed(6)}`}`;
      traces.push({type: 'scatter', mode: 'lines', x, y, line: {color: '#000', width: 1.5, dash: 'dash'},
        hoverinfo: 'skip'});
      layout.annotations = [{x: 0.98, y: 0.98, xanchor: 'right', yanchor: 'top', showarrow: false, text,
        bgcolor: 'rgba(255,255,255,0.85)'}];
    }
    const square = {range: [0, 1], constrain: 'domain', showgrid: false, zeroline: false};
    Object.assign(layout.xaxis, square);
    Object.assign(layout.yaxis, square, {scaleanchor: 'x'});
    return {traces, layout};
  });

  const histogram = (box, operation) => page.draw(box, () => ({
    traces: of(data.histograms, operation).map((h, i) => {
      const width = (h.high - h.low) / h.counts.length || 1;
      return {
        type: 'scatter', mode: 'lines', name: plain(h.arithmetic), line: line(i, {shape: 'hvh'}),
        x: h.counts.map((_, k) => h.low + (k + 0.5) * width), y: h.counts.map((c) => c / h.cases / width),
        hovertemplate: `error %{x:.4f}<br>density %{y:.3g}<extra>${plain(h.arithmetic)}</extra>`,
      };
    }),
    layout: page.layout('relative error', 'density', {showlegend: true}),
  }));

  const curve = (box, operation) => {
    const curves = of(data.curves, operation);
    const wide = curves.some((c) => isWide(c.errors));
    page.draw(box, () => {
      const layout = page.layout('argument', errorTitle(curves[0].metric, wide), {showlegend: curves.length > 1});
      if (wide) layout.yaxis.type = 'log';
      return {layout, traces: curves.map((c, i) => ({
        type: 'scatter', mode: 'lines', name: plain(c.arithmetic), x: c.arguments, y: scaled(c.errors, wide),
        line: line(i), hovertemplate: `x %{x}<br>%{y:.6f}<extra>${plain(c.arithmetic)}</extra>`,
      }))};
    });
  };

  // Least and greatest error as two lines with the range between them shaded.
  const band = (x, least, greatest, text, colour) => [
    {type: 'scatter', mode: 'lines', x, y: least, text, name: 'least', line: {color: colour, width: 1.4},
      hovertemplate: '%{text}<br>least %{y:.6g}<extra></extra>'},
    {type: 'scatter', mode: 'lines', x, y: greatest, text, name: 'greatest', fill: 'tonexty',
      fillcolor: `${colour}33`, line: {color: colour, width: 1.4},
      hovertemplate: '%{text}<br>greatest %{y:.6g}<extra></extra>'},
  ];
  const setLabel = (all) => {
    const several = (field) => new Set(all.map((x) => x[field])).size > 1;
    return (x) => ['format', 'arithmetic', 'policy'].filter((f) => several(f)).map((f) => x[f]).join(' ') || x.format;
  };

  const bands = (box, operation, by, horizontal) => {
    const all = of(data.bands, operation).filter((b) => b.by === by);
    chosen(box, all, setLabel(all), (set) => {
      const wide = isWide(set.bands.map((b) => b.greatest));
      const {x, list, title, text} = horizontal(set.bands);
      const layout = page.layout(title, errorTitle(set.metric, wide));
      if (wide) layout.yaxis.type = 'log';
      return {layout, traces: band(x, scaled(list.map((b) => b.least), wide),
        scaled(list.map((b) => b.greatest), wide), text, page.palette[0])};
    });
  };
  const range = (b) => `${+b.from.toPrecision(6)} to ${+b.to.toPrecision(6)}`;
  const growth = (box, operation) => bands(box, operation, 'unit', (list) => ({
    list, x: list.map((b) => (b.from + b.to) / 2), title: 'argument', text: list.map(range),
  }));
  // Negative arguments to the left, by falling exponent, and positive ones to the right, by rising exponent.
  const binades = (box, operation) => bands(box, operation, 'binade', (list) => {
    const exponent = (b) => Math.floor(Math.log2(Math.max(Math.abs(b.from), Math.abs(b.to))));
    const signed = list.some((b) => b.from < 0);
    if (!signed) {
      return {list, x: list.map(exponent), title: 'exponent of the argument', text: list.map(range)};
    }
    return {list, x: list.map((_, i) => i - list.findIndex((b) => b.from >= 0)), text: list.map(range),
      title: 'binades of negative arguments (left) and positive ones, from 0 outwards'};
  });

  return {map, histogram, curve, growth, binades,
    helpers: {of, line, buttons, chosen, isWide, scaled, errorTitle, band, setLabel}};
})();
