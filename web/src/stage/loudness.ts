/** The level of one's own microphone, ten times a second. */

export const METER_ID = "self";

/** Peak of a block in dBFS. */
export function peak(samples: Float32Array): number {
  let most = 0;
  for (const sample of samples) most = Math.max(most, Math.abs(sample));
  return most > 0 ? Math.max(-90, 20 * Math.log10(most)) : -90;
}

export function measure(stream: MediaStream, tell: (dbfs: number) => void): () => void {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const wake = (): void => void context.resume();
  window.addEventListener("pointerdown", wake);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    tell(peak(samples));
  }, 100);
  return () => {
    clearInterval(timer);
    window.removeEventListener("pointerdown", wake);
    void context.close();
  };
}
