import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted, preferred, sessionUrl, wantRoundTrips, wantStereo } from "../src/rtc/sdp";

const OFFER = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:0 PCMU/8000",
  "m=video 9 UDP/TLS/RTP/SAVPF 102",
  "a=rtpmap:102 H264/90000",
  "a=fmtp:102 packetization-mode=1",
  "",
].join("\r\n");

test("stereo is asked of Opus and of nothing else", () => {
  const sdp = wantStereo(OFFER);
  assert.match(sdp, /a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n/);
  assert.match(sdp, /a=fmtp:102 packetization-mode=1\r\n/);
  assert.equal(wantStereo(sdp), sdp, "asked once");
  const chosen = OFFER.replace("useinbandfec=1", "stereo=0");
  assert.equal(wantStereo(chosen), chosen, "what is said is left");
});

test("the session is where Location says, on the server that was asked", () => {
  const asked = "https://palco.example/whep/noche?performer=1";
  assert.equal(sessionUrl("/whep/noche/7f", asked), "https://palco.example/whep/noche/7f");
  assert.equal(sessionUrl("7f", asked), "https://palco.example/whep/7f");
  assert.equal(sessionUrl("https://palco.example/x", asked), "https://palco.example/x");
  for (const bad of [null, "", "https://elsewhere.example/x", "javascript:0", "http://["]) assert.equal(sessionUrl(bad, asked), null, String(bad));
});

test("H.264 baseline comes first, then VP8, then what carries them", () => {
  const codec = (mimeType: string, sdpFmtpLine?: string) => ({ mimeType, clockRate: 90_000, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) }) as RTCRtpCodec;
  const all = [
    codec("video/VP8"),
    codec("video/rtx"),
    codec("video/VP9"),
    codec("video/H264", "profile-level-id=640c1f"),
    codec("video/H264", "packetization-mode=1;profile-level-id=42e01f"),
    codec("video/AV1"),
  ];
  assert.deepEqual(
    preferred(all).map((it) => it.sdpFmtpLine ?? it.mimeType),
    ["packetization-mode=1;profile-level-id=42e01f", "profile-level-id=640c1f", "video/VP8", "video/rtx"],
  );
});

test("refused media sections are not counted", () => {
  assert.equal(accepted(OFFER), 2);
  assert.equal(accepted(OFFER.replace("m=video 9", "m=video 0")), 1);
  assert.equal(accepted("v=0\r\n"), 0);
});

test("round trip reports are asked for beside every NACK, and only there", () => {
  const sdp = "m=audio 9 X 111\r\na=rtcp-fb:111 transport-cc\r\nm=video 9 X 96\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n";
  const asked = wantRoundTrips(sdp);
  assert.equal(asked.match(/rrtr/g)?.length, 1);
  assert.ok(asked.includes("a=rtcp-fb:96 nack\r\na=rtcp-fb:96 rrtr\r\na=rtcp-fb:96 nack pli\r\n"));
});
