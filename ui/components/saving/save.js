// Saves a chart of the page as it stands, or copies it: loaded when somebody first wants that.
import { recolored, themeOf } from "./colors.js"
import { draw } from "./drawing.js"
import { download, fontRule, load, png, TooLarge } from "./files.js"
import { figureOf, sizes } from "./figure.js"
import { linesFor, sheet, written } from "./sheet.js"
import { PLOTLY, THEMES } from "./themes.js"

export { TooLarge }
const LARGEST_SIDE = 16_384 // pixels at which a figure is laid out: of what is very narrow
const INCH = 25.4 // millimetres
const PRINT = 300 // pixels an inch, of what is measured in millimetres
const SCREEN = 96 // ... and of CSS

export const prepare = () => load(new URL(PLOTLY, import.meta.url).href, "Plotly")

// What is chosen, whatever a browser's storage says of it.
function fitting(chosen) {
  const length = (value) => (Number.isFinite(value) && value > 0 ? value : null)
  return {
    format: chosen.format === "svg" ? "svg" : "png",
    width: length(chosen.width),
    height: length(chosen.height),
    unit: chosen.unit === "mm" ? "mm" : "px",
    scale: Math.min(4, length(chosen.scale) ?? 2),
    theme: chosen.theme,
    isTransparent: Boolean(chosen.isTransparent),
  }
}

// Returns {blob, text, name}: `text` is the SVG of both formats.
async function picture(plot, caption, options) {
  const Plotly = await prepare()
  const own = figureOf(plot)
  const from = themeOf(own, THEMES)
  const theme = THEMES[options.theme] ?? from
  const figure = recolored(own, from, theme)
  const family = figure.layout.font.family
  const font = await fontRule(family)

  const lines = linesFor(caption, family)
  const { width, height } = options
  const shape = width && height ? width / height : null
  const { whole, ...inner } = sizes(figure, shape, (room) => lines(room).height)
  if (Math.max(whole.width, whole.height) > LARGEST_SIDE) throw new TooLarge()
  const group = await draw(Plotly, figure, inner.width, inner.height)
  const wanted = width
    ? { width, height: height || (width * whole.height) / whole.width }
    : height ? { width: (height * whole.width) / whole.height, height } : whole
  const unit = width || height ? options.unit : "px"
  const shown = Object.fromEntries(
    Object.entries(wanted).map(([side, length]) => [side, `${Number(length.toFixed(2))}${unit}`]))
  const root = sheet({
    group, whole, lines: lines(whole.width), shown, caption, theme, family, font,
    isTransparent: options.isTransparent,
  })
  const text = written(root)
  const name = `${caption.file}.${options.format}`
  if (options.format === "svg") {
    return { blob: new Blob([text], { type: "image/svg+xml" }), text, name }
  }
  const times = unit === "mm" ? PRINT / INCH : options.scale
  const [across, down] = [wanted.width, wanted.height].map((side) => Math.round(side * times))
  const anInch = unit === "mm" ? PRINT : SCREEN * options.scale
  // As large as its pixels are: some browsers draw an SVG at its own size first, and enlarge that.
  root.setAttribute("width", across)
  root.setAttribute("height", down)
  return { blob: await png(written(root), across, down, anInch), text, name }
}

export async function save(plot, caption, chosen) {
  const { blob, name } = await picture(plot, caption, fitting(chosen))
  download(blob, name)
  return name
}

// The clipboard wants to be asked while the click is fresh: it is promised what will be in it.
export async function copy(plot, caption, chosen) {
  const options = fitting(chosen)
  if (!navigator.clipboard) throw new Error("no clipboard")
  if (options.format === "svg") {
    return navigator.clipboard.writeText((await picture(plot, caption, options)).text)
  }
  const blob = picture(plot, caption, options).then(({ blob }) => blob)
  blob.catch(() => {}) // it is told by what waits for it
  await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]).catch(async (error) => {
    await blob // what failed may be the picture
    throw error
  })
}
