// Listens to the page's Plotly charts. Reports clicked cells and names of those inside
// `.st-key-<chart>` for the given charts, where a slider was let go, and lets every hover box say
// "masked" where Plotly writes NaN.
// Also reports whether the window is tall or narrow: a large screen gets larger heads, and a phone
// one below the other.
// Streamlit mounts a chart anew when its figure changes, so charts are looked up after each change
// of the page. Until a steady chart has drawn itself again, its last picture stays in its place; and
// while its figure plays, no heatmap is blank and the table of answers follows the frames.
// A link inside `.st-key-open_now` is followed as soon as it is there.
const STOPS = 8 // of a figure that is played without motion, after the first frame ...
const STOP_MS = 1000 // ... and how long each is shown

export default function (component) {
  const { setStateValue, setTriggerValue, parentElement } = component
  const data = JSON.parse(new TextDecoder().decode(component.data))
  const listened = (parentElement.headlightListened ??= new WeakSet())
  const pictures = (parentElement.headlightPictures ??= new Map()) // of each steady chart

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

  // The answers of each frame, beside the figure: [what is said, how it looks] at each place.
  let written, steps // what the table has for all frames, as it stands there and read once
  const follow = (frame) => {
    const table = document.querySelector(".answers")
    if (table && table.dataset.steps !== written) {
      steps = JSON.parse((written = table.dataset.steps))
    }
    const answers = table && steps[frame]
    const cells = table?.querySelectorAll("tr.says td") ?? []
    if (answers?.length !== cells.length) return
    answers.forEach(([text, look], i) => {
      if (cells[i].textContent !== text) cells[i].textContent = text
      cells[i].className = look
    })
  }

  // A heatmap is an image with a new address in each frame, and blank until the browser has read it:
  // mostly for as long as the frame is shown. So what was read last stands behind all of them.
  const standBehind = (plot) => {
    const front = plot.querySelector(".main-svg")
    const behind = document.createElement("canvas")
    behind.style.cssText = "position:absolute;inset:0;width:100%;height:100%"
    front.before(behind)
    let begun = 0, drawn = 0
    const copy = async () => {
      const images = [...plot.querySelectorAll(".heatmaplayer image")]
      if (!images.length) return // they are made anew
      const turn = ++begun
      const from = front.getBoundingClientRect()
      const places = images.map((image) => image.getBoundingClientRect())
      const pictures = images.map((image) =>
        Object.assign(new Image(), { src: image.href.baseVal }))
      await Promise.all(pictures.map((picture) => picture.decode()))
      if (turn < drawn) return // a later frame was read before
      drawn = turn
      behind.width = from.width * devicePixelRatio
      behind.height = from.height * devicePixelRatio
      const pen = behind.getContext("2d")
      pen.scale(devicePixelRatio, devicePixelRatio)
      pen.imageSmoothingEnabled = false
      pictures.forEach((picture, i) => {
        const { x, y, width, height } = places[i]
        pen.drawImage(picture, x - from.x, y - from.y, width, height)
      })
    }
    const attributeFilter = ["href", "x", "y", "width", "height"]
    new MutationObserver(copy).observe(front, { childList: true, subtree: true, attributeFilter })
    copy()
  }

  // Whoever wants no motion gets a few frames of the figure, one after the other.
  const playCalmly = (plot) => {
    const frames = plot._transitionData?._frames ?? []
    const last = frames.length - 1
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches || last < 1) return
    const stops = Math.min(STOPS, last)
    const names = Array.from({ length: stops + 1 }, (_, i) => String(Math.round((i * last) / stops)))
    for (const layout of [plot.layout, plot._fullLayout]) {
      const play = layout.updatemenus[0].buttons[0]
      play.args = [names, { ...play.args[1], frame: { duration: STOP_MS, redraw: true } }]
    }
  }

  // The frame that a figure's slider is at; sent when it rests.
  const listenToSlider = (plot, chart) => {
    const slider = () => plot._fullLayout.sliders[0]
    const active = () => plot.layout?.sliders?.[0]?.active
    if (active() === undefined) return
    plot._fullLayout._currentFrame ??= String(active()) // or Play would begin with the first
    let sent = active()
    let resting
    const rest = () => {
      clearTimeout(resting)
      resting = setTimeout(() => {
        if (!plot.isConnected || active() === sent) return
        // What is drawn anew under a grip that is held is never told that it was let go.
        if (slider()._dragging) return rest()
        sent = active()
        setTriggerValue("frame", { chart, frame: sent })
      }, 400)
    }
    plot.on("plotly_sliderchange", rest)
    plot.on("plotly_animatingframe", ({ name }) => follow(Number(name)))
    // As late as can be: Plotly adds the frames, and the server another figure, whenever they are ready.
    const beforeClick = () => {
      slider()._dragging = false
      playCalmly(plot)
    }
    plot.addEventListener("click", beforeClick, { capture: true })
    standBehind(plot)
  }

  const listen = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (!plot.on || listened.has(plot)) continue
      listened.add(plot)
      plot.on("plotly_hover", hover)
      const chart = data.charts.find((key) => plot.closest(`.st-key-${key}`))
      if (!chart) continue
      listenToSlider(plot, chart)
      plot.on("plotly_click", ({ points: [point] }) => {
        if (!Array.isArray(point.pointNumber)) return // on a curve
        const [row, column] = point.pointNumber
        setTriggerValue("cell", { chart, tile: point.curveNumber, row, column })
      })
      plot.on("plotly_clickannotation", ({ index }) => setTriggerValue("name", { chart, tile: index }))
    }
  }

  // Plotly takes a picture out before the next one is drawn, a tenth of a second later.
  const steady = () => {
    for (const chart of data.steady) {
      const place = document.querySelector(`.st-key-${chart}`)
      const drawn = place?.querySelector(".js-plotly-plot .plot-container:has(.main-svg)")
      const last = pictures.get(chart)
      const cover = place?.querySelector(".headlight-last-picture")
      if (drawn) {
        cover?.remove()
        pictures.set(chart, drawn)
      } else if (place && last && !cover) {
        const cover = document.createElement("div")
        cover.className = "headlight-last-picture"
        cover.style.cssText = "position:absolute;inset:0;pointer-events:none"
        // Plotly empties its own, and the place may be mounted once more: the copy is what lasts.
        pictures.set(chart, last.cloneNode(true))
        cover.append(pictures.get(chart))
        place.style.position = "relative"
        place.append(cover)
      } else if (!place && last) {
        // Another view is shown, or it is only about to be mounted.
        setTimeout(() => document.querySelector(`.st-key-${chart}`) || pictures.delete(chart), 300)
      }
    }
  }

  const openNow = () => {
    const link = document.querySelector(".st-key-open_now a")
    if (!link || listened.has(link)) return
    listened.add(link)
    link.click()
  }

  const measure = () => {
    const tall = window.innerHeight >= data.tall_from
    if (tall !== data.tall) setStateValue("tall", (data.tall = tall))
    const narrow = window.innerWidth < data.narrow_below
    if (narrow !== data.narrow) setStateValue("narrow", (data.narrow = narrow))
  }

  measure()
  window.addEventListener("resize", measure)
  listen()
  steady()
  const observer = new MutationObserver(() => {
    listen()
    nameGaps() // Plotly writes the box anew while the pointer moves within a cell
    steady()
    openNow()
  })
  observer.observe(document.body, { childList: true, subtree: true })
  // A playing figure that is told to pause rejects a promise that nobody can catch.
  const calm = (event) => event.reason === undefined && event.preventDefault()
  window.addEventListener("unhandledrejection", calm)
  return () => {
    observer.disconnect()
    window.removeEventListener("resize", measure)
    window.removeEventListener("unhandledrejection", calm)
  }
}
