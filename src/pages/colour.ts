/**
 * One colour in, the shades of it that pages use out: legible on every ground of theirs (WCAG 2.2
 * §1.4.3, contrast 4.5 : 1), whatever colour was chosen.
 */

/** Custom properties for a light page and for a dark one; each is `#rrggbb`. */
export interface Shades {
  readonly brand: string;
  readonly "on-brand": string;
  readonly "brand-pressed": string;
}

type Rgb = readonly [red: number, green: number, blue: number];

const LEAST_CONTRAST = 4.5;
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** The grounds of `style.ts` on which the colour is hardest to read. */
const LIGHT_GROUND = "#f3f5f7";
const DARK_GROUND = "#17202a";
const DARK_INK = "#0e141a";

/** Shades on light grounds: the colour, darkened as far as it must be. */
export function lightShades(colour: string): Shades {
  const brand = blendUntilLegible(colour, BLACK, LIGHT_GROUND);
  return { brand, "on-brand": "#ffffff", "brand-pressed": blend(brand, BLACK, 0.25) };
}

/** Shades on dark grounds: the colour, lightened as far as it must be. */
export function darkShades(colour: string): Shades {
  const brand = blendUntilLegible(colour, WHITE, DARK_GROUND);
  return { brand, "on-brand": DARK_INK, "brand-pressed": blend(brand, WHITE, 0.35) };
}

/** WCAG 2.2, contrast ratio. */
export function contrastOf(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Towards black or white, which every ground here contrasts with. */
function blendUntilLegible(colour: string, towards: Rgb, ground: string): string {
  for (let share = 0; share < 1; share += 0.04) {
    const blended = blend(colour, towards, share);
    if (contrastOf(blended, ground) >= LEAST_CONTRAST) return blended;
  }
  return write(towards);
}

function blend(colour: string, other: Rgb, share: number): string {
  const [red, green, blue] = read(colour);
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * share);
  return write([mix(red, other[0]), mix(green, other[1]), mix(blue, other[2])]);
}

/** WCAG 2.2, relative luminance. */
function luminanceOf(colour: string): number {
  const [red, green, blue] = read(colour);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function read(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function write(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
