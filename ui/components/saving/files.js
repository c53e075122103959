// Pictures as files: PNG from SVG, with its size in print; and the ways out of a browser.
const LARGEST_SIDE = 16_384 // pixels of a canvas, in today's browsers ...
const MOST_PIXELS = 120_000_000 // ... and of all of it: half a gigabyte
const INCH = 0.0254 // metres

export class TooLarge extends Error {}

export async function png(svg, width, height, pixelsAnInch) {
  if (Math.max(width, height) > LARGEST_SIDE || width * height > MOST_PIXELS) throw new TooLarge()
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }))
  try {
    const picture = Object.assign(new Image(), { src: url })
    await picture.decode()
    const canvas = Object.assign(document.createElement("canvas"), { width, height })
    const pen = canvas.getContext("2d")
    // Where there is no room for it, a browser gives a canvas on which nothing is drawn.
    pen?.fillRect(width - 1, height - 1, 1, 1)
    if (pen?.getImageData(width - 1, height - 1, 1, 1).data[3] !== 255) throw new TooLarge()
    pen.clearRect(width - 1, height - 1, 1, 1)
    pen.drawImage(picture, 0, 0, width, height)
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"))
    if (!blob) throw new TooLarge()
    return withResolution(blob, pixelsAnInch)
  } finally {
    URL.revokeObjectURL(url)
  }
}

// A PNG that says how large it is on paper: a chunk "pHYs" behind the first one (PNG, 11.3.4.3).
async function withResolution(blob, pixelsAnInch) {
  const FIRST = 33 // bytes of the signature and of the chunk "IHDR"
  const chunk = new DataView(new ArrayBuffer(21))
  const perMetre = Math.round(pixelsAnInch / INCH)
  chunk.setUint32(0, 9)
  ;[...new TextEncoder().encode("pHYs")].forEach((byte, i) => chunk.setUint8(4 + i, byte))
  chunk.setUint32(8, perMetre)
  chunk.setUint32(12, perMetre)
  chunk.setUint8(16, 1) // metres
  chunk.setUint32(17, crc(new Uint8Array(chunk.buffer, 4, 13)))
  return new Blob([blob.slice(0, FIRST), chunk, blob.slice(FIRST)], { type: "image/png" })
}

function crc(bytes) {
  let value = ~0
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return ~value >>> 0
}

export function download(blob, name) {
  const url = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement("a"), { href: url, download: name })
  document.body.append(link)
  link.click()
  link.remove()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

// A script of this server's, loaded once.
const scripts = new Map()
export function load(url, name) {
  if (!scripts.has(url)) {
    const loading = new Promise((done, fail) => {
      const script = Object.assign(document.createElement("script"), { src: url })
      script.onload = () => done(window[name])
      script.onerror = () => fail(new Error(`${name} can't be loaded`))
      document.head.append(script)
    })
    loading.catch(() => scripts.delete(url)) // it may be tried again
    scripts.set(url, loading)
  }
  return scripts.get(url)
}

// The font of the page's charts as a rule that an SVG can carry: what is an image sees no other.
let font
export async function fontRule(family) {
  font ??= read(family).catch(() => "")
  return font
}
async function read(family) {
  const name = family.split(",")[0].trim().replaceAll('"', "")
  for (const sheet of document.styleSheets) {
    let rules = []
    try {
      rules = [...sheet.cssRules]
    } catch {} // another site's, of which nothing may be known
    for (const { style } of rules.filter((rule) => rule instanceof CSSFontFaceRule)) {
      const own = style.getPropertyValue("font-family").replaceAll(/["']/g, "") === name
      const isUpright = (style.getPropertyValue("font-style") || "normal") === "normal"
      const url = /url\(["']?([^"')]+)/.exec(style.getPropertyValue("src"))?.[1]
      if (!own || !isUpright || !url) continue
      const blob = await (await fetch(new URL(url, sheet.href ?? document.baseURI))).blob()
      const data = await new Promise((done) => {
        const reader = Object.assign(new FileReader(), { onload: () => done(reader.result) })
        reader.readAsDataURL(new Blob([blob], { type: "font/woff2" }))
      })
      const weight = style.getPropertyValue("font-weight") || "normal"
      return `@font-face{font-family:'${name}';font-weight:${weight};src:url(${data}) format('woff2')}`
    }
  }
  return ""
}
