// Listens to the Plotly chart inside `.st-key-<chart>` and reports clicked cells and names.
// Streamlit mounts the chart anew when its figure changes, so it is looked up after each change
// of the page.
export default function (component) {
  const { data, setTriggerValue, parentElement } = component
  const listened = (parentElement.headlightListened ??= new WeakSet())

  const listen = () => {
    const chart = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`)
    if (!chart?.on || listened.has(chart)) return
    listened.add(chart)
    chart.on("plotly_click", ({ points: [point] }) => {
      const [row, column] = point.pointNumber
      setTriggerValue("cell", { tile: point.curveNumber, row, column })
    })
    chart.on("plotly_clickannotation", ({ index }) => setTriggerValue("name", { tile: index }))
  }

  listen()
  const observer = new MutationObserver(listen)
  observer.observe(document.body, { childList: true, subtree: true })
  return () => observer.disconnect()
}
