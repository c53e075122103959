// Listens to the page's Plotly charts. Reports clicked cells and names of the one inside
// `.st-key-<chart>`, and lets every hover box say "masked" where Plotly writes NaN.
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
  const sendCell = ({ points: [point] }) => {
    const [row, column] = point.pointNumber
    setTriggerValue("cell", { tile: point.curveNumber, row, column })
  }
  const sendName = ({ index }) => setTriggerValue("name", { tile: index })

  const listen = () => {
    for (const chart of document.querySelectorAll(".js-plotly-plot")) {
      if (!chart.on || listened.has(chart)) continue
      listened.add(chart)
      chart.on("plotly_hover", hover)
      if (!chart.closest(`.st-key-${data.chart}`)) continue
      chart.on("plotly_click", sendCell)
      chart.on("plotly_clickannotation", sendName)
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
