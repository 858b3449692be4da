'use strict';
(() => {
  const {data} = page;
  const recipes = [...new Set(data.curves.map((c) => c.recipe))];
  // One colour an arm over all figures, one line style a seed.
  const arms = [...new Set(data.arms)];
  const seeds = [...new Set(data.curves.map((c) => c.seed))];
  const dashes = ['solid', 'dash', 'dot', 'dashdot', 'longdash'];
  const plain = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

  const drawLosses = (id, kind, axisTitle) => {
    let recipe = 0, type = 'linear';
    const again = page.draw(id, () => {
      const curves = data.curves.filter((c) => c.recipe === recipes[recipe] && c[kind].steps.length > 0)
        .sort((a, b) => arms.indexOf(a.arm) - arms.indexOf(b.arm));
      const several = seeds.length > 1;
      const named = new Set();
      const traces = curves.map((c) => {
        const first = !named.has(c.arm);
        named.add(c.arm);
        return {
          type: 'scatter', mode: kind === 'validation' ? 'lines+markers' : 'lines', name: plain(c.arm),
          legendgroup: plain(c.arm), showlegend: first, x: c[kind].steps, y: c[kind].losses,
          line: {width: 1.6, color: page.palette[arms.indexOf(c.arm) % page.palette.length],
            dash: several ? dashes[seeds.indexOf(c.seed) % dashes.length] : 'solid'},
          marker: {size: 6},
          hovertemplate: `step %{x:.0f}<br>loss %{y:.4f}<extra>${plain(c.arm)}, seed ${plain(c.seed)}</extra>`,
        };
      });
      const layout = page.layout('step', axisTitle, {showlegend: true});
      Object.assign(layout.yaxis, {type, zeroline: false});
      Object.assign(layout.xaxis, {zeroline: false});
      return {traces, layout};
    });
    page.choices(`${id}-choices`, ['linear', 'logarithmic'], (i) => {
      type = i === 0 ? 'linear' : 'log';
      again();
    });
    return (i) => { recipe = i; again(); };
  };
  const redraws = [drawLosses('training', 'training', 'training loss'),
    drawLosses('validation', 'validation', 'validation loss')];
  page.choices('recipe-choices', recipes, (i) => redraws.forEach((f) => f(i)));

  // One mark an arm and layer; layers from the top down, in the order in which they are computed.
  const layerRecipes = [...new Set(data.layers.map((l) => l.recipe))];
  const drawLayers = (id, names, values, axisTitle) => {
    let recipe = 0;
    const again = page.draw(id, (width) => {
      const series = data.layers.filter((l) => l.recipe === layerRecipes[recipe] && l[values].length > 0);
      const layers = [];
      series.forEach((l) => l[names].forEach((name) => { if (!layers.includes(name)) layers.push(name); }));
      const traces = series.map((l) => ({
        type: 'scatter', mode: 'markers', name: plain(l.arm), x: l[values], y: l[names],
        visible: Math.min(...l[values]) < 0 ? 'legendonly' : true,
        marker: {size: 7, color: page.palette[arms.indexOf(l.arm) % page.palette.length]},
        hovertemplate: `%{y}<br>%{x:.4f}<extra>${plain(l.arm)}</extra>`,
      }));
      const layout = page.layout(axisTitle, '', {showlegend: true, hovermode: 'closest'});
      Object.assign(layout.xaxis, {zeroline: false});
      Object.assign(layout.yaxis, {type: 'category', categoryorder: 'array', categoryarray: layers,
        autorange: 'reversed', dtick: 1, zeroline: false, tickfont: {size: width < 480 ? 9 : 10}});
      layout.margin = {l: 20, r: 12, t: 12, b: 44};
      layout.legend = {orientation: 'h', y: 1, yanchor: 'bottom', x: 0};
      return {traces, layout, height: 140 + 15 * layers.length};
    });
    return (i) => { recipe = i; again(); };
  };
  const layerRedraws = [drawLayers('gains', 'layers', 'gains', 'gain'),
    drawLayers('cosines', 'weights', 'cosines', 'cosine')];
  page.choices('layer-recipe-choices', layerRecipes, (i) => layerRedraws.forEach((f) => f(i)));

  const layerTable = document.getElementById('layer-table');
  if (layerTable) {
    page.filterable(layerTable, document.getElementById('layer-filters'), ['recipe', 'arm', 'layer']);
    page.sortable(layerTable);
  }
  const operatorTable = document.getElementById('operators');
  if (operatorTable) page.sortable(operatorTable);

  const table = document.getElementById('all');
  page.filterable(table, document.getElementById('filters'), ['recipe', 'arm', 'seed', 'status']);
  page.sortable(table);
})();
