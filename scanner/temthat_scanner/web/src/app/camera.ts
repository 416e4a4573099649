/** The phone's camera: frames to read from, light, zoom. */

import { draw } from "./decoder";
import type { Key } from "./words";

/** Why there is no picture; `key` is what the person is told. */
export class NoCamera extends Error {
  constructor(readonly key: Key) {
    super(key);
  }
}

/** By the name of the browser's refusal. */
const WHY: Record<string, Key> = {
  NotAllowedError: "camera_denied",
  SecurityError: "camera_denied",
  NotReadableError: "camera_busy",
  AbortError: "camera_busy",
};
const FRAME = 1_280;
type Extra = MediaTrackCapabilities & { torch?: boolean; zoom?: { min: number; max: number } };

export class Camera {
  private isLit = false;
  private isNear = false;

  private constructor(
    readonly video: HTMLVideoElement,
    private readonly stream: MediaStream,
  ) {}

  static async open(): Promise<Camera> {
    if (!window.isSecureContext) throw new NoCamera("needs_https");
    if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("no_camera");
    let stream: MediaStream;
    try {
      const video = { facingMode: { ideal: "environment" }, width: { ideal: 1_920 }, height: { ideal: 1_080 } };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      throw new NoCamera(WHY[name] ?? "no_camera");
    }
    const video = document.createElement("video");
    video.playsInline = true;
    video.muted = true;
    video.srcObject = stream;
    const camera = new Camera(video, stream);
    try {
      await video.play();
    } catch {
      camera.close();
      throw new NoCamera("camera_busy");
    }
    return camera;
  }

  /** Somebody pulled it out, took the permission back, or another app took it. */
  whenLost(tell: () => void): void {
    this.track?.addEventListener("ended", tell);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }

  /** What the camera sees now, at a size that reads quickly. */
  frame(): ImageData | null {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !height) return null;
    const scale = Math.min(1, FRAME / Math.max(width, height));
    return draw(this.video, Math.round(width * scale), Math.round(height * scale));
  }

  get hasTorch(): boolean {
    return this.can.torch === true;
  }

  get hasZoom(): boolean {
    return (this.can.zoom?.max ?? 0) > (this.can.zoom?.min ?? 0);
  }

  async toggleTorch(): Promise<boolean> {
    this.isLit = !this.isLit;
    await this.apply({ torch: this.isLit });
    return this.isLit;
  }

  async toggleZoom(): Promise<boolean> {
    const { min = 1, max = 1 } = this.can.zoom ?? {};
    this.isNear = !this.isNear;
    await this.apply({ zoom: this.isNear ? Math.min(max, min * 2) : min });
    return this.isNear;
  }

  private get can(): Extra {
    return (this.track?.getCapabilities?.() ?? {}) as Extra;
  }

  private get track(): MediaStreamTrack | undefined {
    return this.stream.getVideoTracks()[0];
  }

  private async apply(change: { torch?: boolean; zoom?: number }): Promise<void> {
    try {
      await this.track?.applyConstraints({ advanced: [change as MediaTrackConstraintSet] });
    } catch {
      // A camera that promised and does not keep it: nothing is lost.
    }
  }
}
