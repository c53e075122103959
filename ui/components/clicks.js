// Listens to the page's Plotly charts. Reports clicked cells and names of those inside
// `.st-key-<chart>` for the given charts, and lets every hover box say "masked" where Plotly writes
// NaN.
// Also reports whether the window is tall, so that a large screen gets larger heads.
// Streamlit mounts a chart anew when its figure changes, so charts are looked up after each change
// of the page.
export default function (component) {
  const { data, setStateValue, setTriggerValue, parentElement } = component
  const listened = (parentElement.headlightListened ??= new WeakSet())

  let gap = "" // what the hovered trace calls a cell without a value
  const nameGaps = () => {
    for (const text of document.querySelectorAll(".js-plotly-plot .hoverlayer tspan")) {
      if (gap && text.textContent === "NaN") text.textContent = gap
    }
  }
  const hover = ({ points: [point] }) => {
    gap = point.fullData.hovertemplatefallback
    nameGaps()
  }
  const listen = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (!plot.on || listened.has(plot)) continue
      listened.add(plot)
      plot.on("plotly_hover", hover)
      const chart = data.charts.find((key) => plot.closest(`.st-key-${key}`))
      if (!chart) continue
      plot.on("plotly_click", ({ points: [point] }) => {
        const [row, column] = point.pointNumber
        setTriggerValue("cell", { chart, tile: point.curveNumber, row, column })
      })
      plot.on("plotly_clickannotation", ({ index }) => setTriggerValue("name", { chart, tile: index }))
    }
  }

  const measure = () => {
    const tall = window.innerHeight >= data.tall_from
    if (tall !== data.tall) setStateValue("tall", (data.tall = tall))
  }

  measure()
  window.addEventListener("resize", measure)
  listen()
  const observer = new MutationObserver(() => {
    listen()
    nameGaps() // Plotly writes the box anew while the pointer moves within a cell
  })
  observer.observe(document.body, { childList: true, subtree: true })
  return () => {
    observer.disconnect()
    window.removeEventListener("resize", measure)
  }
}
