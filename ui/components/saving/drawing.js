// A figure as an SVG that is sharp at any size, opens anywhere, runs nothing and loads nothing.
const SVG = "http://www.w3.org/2000/svg"
const XLINK = "http://www.w3.org/1999/xlink"
const MOST_CELLS = 60_000 // of heatmaps, as shapes; more of them stay an image, a pixel a cell

// Returns the picture as a group, `width` by `height`, laid out by Plotly.
export async function draw(Plotly, { data, layout }, width, height) {
  const place = document.createElement("div")
  place.style.cssText = `position:fixed;left:-99999px;top:0;width:${width}px;height:${height}px`
  document.body.append(place)
  try {
    const fixed = { ...layout, width, height, autosize: false }
    await Plotly.newPlot(place, data, fixed, { staticPlot: true, _exportedPlot: true })
    const text = Plotly.Snapshot.toSVG(place, "svg", 1)
    const drawn = parsed(text)
    await sharpen(drawn)
    drawn.querySelectorAll("image").forEach(inline)
    clean(drawn)
    const group = document.createElementNS(SVG, "g")
    group.append(...drawn.childNodes)
    group.querySelector(":scope > rect")?.remove() // its ground: the whole has one
    return group
  } finally {
    Plotly.purge(place)
    place.remove()
  }
}

function parsed(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement
  if (root.localName !== "svg") throw new Error("Plotly's drawing isn't well-formed")
  return document.importNode(root, true)
}

const hrefOf = (element) => element.getAttribute("href") ?? element.getAttributeNS(XLINK, "href") ?? ""
const numbersOf = (element, ...names) => names.map((name) => Number(element.getAttribute(name)) || 0)

// Heatmaps come as images, a pixel a cell: many programs blur them. As shapes they have edges.
async function sharpen(root) {
  const images = [...root.querySelectorAll("image")].filter((image) =>
    hrefOf(image).startsWith("data:image/png") && /pixelated/.test(image.getAttribute("style")))
  const read = await Promise.all(images.map(pixels))
  if (read.reduce((sum, { width, height }) => sum + width * height, 0) > MOST_CELLS) return
  images.forEach((image, i) => image.replaceWith(shapes(image, read[i])))
}

async function pixels(image) {
  const picture = Object.assign(new Image(), { src: hrefOf(image) })
  await picture.decode()
  const canvas = document.createElement("canvas")
  const width = (canvas.width = picture.naturalWidth)
  const height = (canvas.height = picture.naturalHeight)
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.drawImage(picture, 0, 0)
  return { width, height, data: pen.getImageData(0, 0, width, height).data }
}

// Equal neighbours in a row are one shape, and all shapes of a colour one path.
function shapes(image, { width, height, data }) {
  const [x, y, across, down] = numbersOf(image, "x", "y", "width", "height")
  const colors = new Uint32Array(data.buffer)
  const paths = new Map()
  for (let row = 0; row < height; row++) {
    for (let start = 0, end; start < width; start = end) {
      const color = colors[row * width + start]
      for (end = start + 1; end < width && colors[row * width + end] === color; ) end++
      if (data[4 * (row * width + start) + 3] === 0) continue // masked: what is below is seen
      paths.set(color, `${paths.get(color) ?? ""}M${start},${row}H${end}v1H${start}z`)
    }
  }
  const group = document.createElementNS(SVG, "g")
  group.setAttribute("class", "cells")
  group.setAttribute("transform", `translate(${x} ${y}) scale(${across / width} ${down / height})`)
  group.setAttribute("shape-rendering", "crispEdges")
  for (const [color, d] of paths) {
    const path = group.appendChild(document.createElementNS(SVG, "path"))
    const [red, green, blue] = [0, 8, 16].map((bits) => (color >>> bits) & 255)
    path.setAttribute("d", d)
    path.setAttribute("fill", `rgb(${red},${green},${blue})`)
  }
  return group
}

let inlined = 0

// An SVG as an image within an SVG: few programs show it. Its own parts are known to all.
function inline(image) {
  const uri = hrefOf(image)
  if (!uri.startsWith("data:image/svg+xml,")) return
  const inner = parsed(decodeURIComponent(uri.slice(uri.indexOf(",") + 1)))
  const prefix = `i${++inlined}-`
  for (const part of inner.querySelectorAll("*")) {
    for (const { name, value } of [...part.attributes]) {
      if (name === "id") part.setAttribute(name, prefix + value)
      else if (name === "href" && value[0] === "#") part.setAttribute(name, `#${prefix}${value.slice(1)}`)
      else if (value.startsWith("url(#")) part.setAttribute(name, `url(#${prefix}${value.slice(5)}`)
    }
  }
  // What clips it is measured outside of it, where one unit is a pixel.
  const outer = document.createElementNS(SVG, "g")
  const takes = [
    [inner, ["x", "y", "width", "height"]], [outer, ["clip-path", "opacity"]],
  ]
  for (const [part, names] of takes) {
    for (const name of names.filter((each) => image.hasAttribute(each))) {
      part.setAttribute(name, image.getAttribute(name))
    }
  }
  outer.append(inner)
  image.replaceWith(outer)
}

// Nothing that runs, and nothing that is loaded or led to: tokens are strangers' texts.
export function clean(root) {
  root.querySelectorAll("script, foreignObject, iframe, object, embed, animate, set, style")
    .forEach((element) => element.remove())
  root.querySelectorAll("a").forEach((link) => link.replaceWith(...link.childNodes))
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const { name, value, localName } of [...element.attributes]) {
      const isOwn = value.startsWith("#") ||
        (element.localName === "image" && value.startsWith("data:image/png;"))
      const isForeign = localName === "href" && !isOwn
      const loads = /url\(\s*['"]?(?!['"]?#)/i.test(value)
      if (/^on/i.test(localName) || isForeign || loads) element.removeAttribute(name)
      else if (name.startsWith("data-") || name === "class") element.removeAttribute(name)
    }
  }
}
