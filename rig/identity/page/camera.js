// Photos and camera frames on their way to the bench, which reads their codes.
"use strict";

const PHOTO_SIDE = 2600;
const FRAME_SIDE = 1280;
const BETWEEN_FRAMES_MS = 250;

// The network is away, or the bench is.
export class AwayError extends Error {}

async function jpeg(source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
}

// Upright and of a size that travels well; as it is when the browser cannot open it.
export async function smaller(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    return await jpeg(bitmap, bitmap.width, bitmap.height, PHOTO_SIDE) ?? file;
  } catch {
    return file;
  }
}

// {codes, reading}. Throws AwayError, and Error with the bench's own words for what is no photo.
export async function codesIn(blob, thorough = true) {
  let answer;
  try {
    const within = AbortSignal.timeout(30000);
    answer = await fetch(`codes?thorough=${thorough}`, { method: "POST", body: blob, signal: within });
  } catch {
    throw new AwayError("The bench cannot be reached.");
  }
  if (answer.status >= 500) throw new AwayError("The bench cannot read photos now.");
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${said.title}: ${said.detail}`);
  return said;
}

// Why there is no live picture here; empty when there can be one.
export function noCamera() {
  if (navigator.mediaDevices?.getUserMedia) return "";
  return window.isSecureContext ? "This browser has no camera. Use Photo." : "The camera needs https here. Use Photo.";
}

export class Camera {
  constructor(video) {
    this.video = video;
    this.stream = null;
  }

  // Resolves with what the label says, or with null when it was stopped. *seen* is told every new code.
  async scan(seen) {
    const wanted = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } };
    const stream = this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    this.video.srcObject = stream;
    await this.video.play();
    const codes = new Set();
    let last = null, still = 0;
    while (this.stream === stream) {
      const frame = await jpeg(this.video, this.video.videoWidth, this.video.videoHeight, FRAME_SIDE);
      const said = await codesIn(frame, false);
      const fresh = said.codes.filter((code) => !codes.has(code.text));
      fresh.forEach((code) => codes.add(code.text));
      if (fresh.length) seen([...codes]);
      if (said.reading.serial) {
        last = merged(last, said.reading);
        still = fresh.length ? 0 : still + 1;
        if (still >= 2) break;
      }
      await new Promise((done) => setTimeout(done, BETWEEN_FRAMES_MS));
    }
    const finished = this.stream === stream;
    if (finished) this.stop();
    return finished ? last : null;
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}

function merged(one, other) {
  if (!one || one.serial !== other.serial) return other;
  return Object.fromEntries(Object.keys(other).map((name) => [name, other[name] || one[name]]));
}
