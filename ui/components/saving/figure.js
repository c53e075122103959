// A picture on the page as a figure of its own: what is shown of it now, without what is for hands.
const BAR = 68 // pixels of a colour bar that another chart of the page shows for this one, too
const GRIP = 34 // ... of a slider without its caption

// The figure that a chart shows at this moment: zoomed, with what its legend shows, at its step.
export function figureOf(plot) {
  const { width, height } = plot._fullLayout
  return still({ data: copied(plot.data), layout: copied(plot.layout), width, height })
}

// A figure without controls: a slider's caption stays, as what is shown.
export function still(figure) {
  const { updatemenus, sliders = [], ...layout } = figure.layout
  let { width, height } = figure
  layout.annotations = [...(layout.annotations ?? [])]
  for (const { active = 0, steps = [], pad = {}, currentvalue = {} } of sliders) {
    if (!steps[active]) continue
    layout.annotations.push({
      x: 0, y: 0, xref: "paper", yref: "paper", xanchor: "left", yanchor: "top", align: "left",
      xshift: pad.l ?? 0, yshift: -(pad.t ?? 0), showarrow: false, font: currentvalue.font ?? {},
      text: steps[active].label,
    })
    layout.margin = { ...layout.margin, b: layout.margin.b - GRIP }
    height -= GRIP
  }
  const bar = layout.coloraxis
  if (bar?.colorbar && bar.showscale === false && !layout.coloraxis2) {
    layout.coloraxis = { ...bar, showscale: true }
    layout.margin = { ...layout.margin, r: layout.margin.r + BAR }
    width += BAR
  }
  return { data: figure.data, layout, width, height }
}

// Plotly's own notes begin with an underscore, and what is a view of bytes can be shared.
function copied(value) {
  if (Array.isArray(value)) return value.map(copied)
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value
  const own = Object.entries(value).filter(([key, each]) => key[0] !== "_" && typeof each !== "function")
  return Object.fromEntries(own.map(([key, each]) => [key, copied(each)]))
}

// How large a figure is to be drawn, so that with what stands above and below it the whole has a
// shape. It is never drawn smaller than on the page, where its texts just have room: what is wanted
// smaller is scaled as a whole.
// `around(width)` says how high that is; `shape` is width by height, or null for the page's.
export function sizes(figure, shape, around) {
  let { width, height } = figure
  if (shape !== null) {
    if (width / shape - around(width) < height) width = (height + around(width)) * shape
    height = Math.max(height, width / shape - around(width))
  }
  return { width, height, whole: { width, height: height + around(width) } }
}
