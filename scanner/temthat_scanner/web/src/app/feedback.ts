/** Sound and vibration: a good stamp sounds and feels different from one to look at again. */

import type { Tone } from "../texts";

const PITCHES: Record<Tone, number[]> = { good: [880, 1320], calm: [660], warn: [440, 440], stop: [220, 220, 220] };
const SHAKES: Record<Tone, number[]> = { good: [60], calm: [60, 60, 60], warn: [200, 100, 200], stop: [400, 100, 400] };
let audio: AudioContext | null = null;

export function signal(tone: Tone): void {
  // Before the first touch a browser allows neither.
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  navigator.vibrate?.(SHAKES[tone]);
  try {
    audio ??= new AudioContext();
    PITCHES[tone].forEach((pitch, i) => beep(audio as AudioContext, pitch, i * 0.16));
  } catch {
    // No sound on this device.
  }
}

function beep(context: AudioContext, pitch: number, after: number): void {
  const tone = context.createOscillator();
  const volume = context.createGain();
  const start = context.currentTime + after;
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.15, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.14);
  tone.connect(volume).connect(context.destination);
  tone.start(start);
  tone.stop(start + 0.15);
}
