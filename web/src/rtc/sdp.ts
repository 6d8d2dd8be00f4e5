/** The few words of SDP and HTTP that WHIP and WHEP need from a page. */

/**
 * Asks for stereo Opus. Chromium decodes mono unless its own description says `stereo=1` (RFC 7587 §7.1).
 */
export function wantStereo(sdp: string): string {
  const opus = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2/gim)].map((m) => m[1]));
  return sdp.replace(/^a=fmtp:(\d+) (.*?)(\r?)$/gm, (line, type: string, parameters: string, cr: string) =>
    opus.has(type) && !/(^|;)\s*stereo=/.test(parameters) ? `a=fmtp:${type} ${parameters};stereo=1${cr}` : line,
  );
}

/**
 * Asks for round trip reports (RFC 3611 §4.4). Without them a browser that only receives does not know how far the
 * server is, and asks for a lost packet again only after 100 ms.
 */
export function wantRoundTrips(sdp: string): string {
  return sdp.replace(/^a=rtcp-fb:(\d+) nack(\r?)$/gm, (line, type: string, cr: string) => `${line}\na=rtcp-fb:${type} rrtr${cr}`);
}

/** Where the session lives: the `Location` of a 201, against the address that was asked (RFC 9725 §4.2). */
export function sessionUrl(location: string | null, asked: string): string | null {
  if (location === null || location === "") return null;
  try {
    const url = new URL(location, asked);
    return url.origin === new URL(asked).origin ? url.href : null;
  } catch {
    return null;
  }
}

/** H.264 first, then VP8, then what is needed to carry them; the order within each kind stays the browser's. */
export function preferred(codecs: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  const rank = (codec: RTCRtpCodec): number => {
    const type = codec.mimeType.toLowerCase();
    // Constrained baseline is what every decoder here and on phones reads.
    if (type === "video/h264") return /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? "") ? 0 : 1;
    if (type === "video/vp8") return 2;
    return type === "video/rtx" ? 3 : 9;
  };
  return codecs.filter((codec) => rank(codec) < 9).sort((a, b) => rank(a) - rank(b));
}

/** How many media sections an answer accepts. */
export function accepted(answer: string): number {
  return [...answer.matchAll(/^m=\w+ (\d+) /gm)].filter((m) => m[1] !== "0").length;
}
