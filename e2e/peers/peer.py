"""A WebRTC client that nobody here wrote (aiortc), behind WHIP and WHEP.

usage: peer.py publish URL TOKEN CODEC SECONDS     codec: VP8 or H264
       peer.py play URL TOKEN SECONDS              TOKEN may be "-"

Prints one JSON object when it is done.
"""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import av
from aiortc import (
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import AudioStreamTrack


class Picture(VideoStreamTrack):
    """Grey that grows lighter every frame, 640x360."""

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(width=640, height=360, format="yuv420p")
        for index, plane in enumerate(frame.planes):
            value = 40 + (pts // 3000) % 160 if index == 0 else 128
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


def post(url, token, sdp):
    headers = {"content-type": "application/sdp"}
    if token != "-":
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, sdp.encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.status == 201, response.status
        location = urllib.parse.urljoin(url, response.headers["location"])
        return response.read().decode(), location


def delete(url, token):
    headers = {} if token == "-" else {"authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers, method="DELETE")
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status


async def connect(pc, url, token):
    await pc.setLocalDescription(await pc.createOffer())
    answer, location = await asyncio.to_thread(post, url, token, pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return location


async def publish(url, token, codec, seconds):
    pc = RTCPeerConnection()
    pc.addTrack(AudioStreamTrack())
    sender = pc.addTrack(Picture())
    wanted = f"video/{codec}"
    transceiver = next(t for t in pc.getTransceivers() if t.sender == sender)
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([c for c in codecs if c.mimeType == wanted])
    location = await connect(pc, url, token)
    await asyncio.sleep(seconds)
    sent = 0
    for report in (await sender.getStats()).values():
        if report.type == "outbound-rtp":
            sent = report.packetsSent
    # Before the goodbye: the server may close the transport as quickly as it answers.
    state = pc.connectionState
    status = await asyncio.to_thread(delete, location, token)
    await pc.close()
    return {"state": state, "packetsSent": sent, "deleted": status}


async def play(url, token, seconds):
    pc = RTCPeerConnection()
    counts = {"video": 0, "audio": 0}
    facts = {"width": 0, "height": 0, "firstFrame": None}
    started = time.monotonic()

    async def count(track):
        while True:
            try:
                frame = await track.recv()
            except Exception:
                return
            counts[track.kind] += 1
            if track.kind == "video":
                if facts["firstFrame"] is None:
                    facts["firstFrame"] = time.monotonic() - started
                facts["width"], facts["height"] = frame.width, frame.height

    tasks = []
    pc.on("track", lambda track: tasks.append(asyncio.ensure_future(count(track))))
    pc.addTransceiver("audio", direction="recvonly")
    pc.addTransceiver("video", direction="recvonly")
    location = await connect(pc, url, token)
    await asyncio.sleep(seconds)
    state = pc.connectionState
    status = await asyncio.to_thread(delete, location, token)
    await pc.close()
    for task in tasks:
        task.cancel()
    return {"state": state, "frames": counts, "deleted": status, **facts}


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    try:
        if verb == "publish":
            url, token, codec, seconds = arguments
            result = asyncio.run(publish(url, token, codec, float(seconds)))
        else:
            url, token, seconds = arguments
            result = asyncio.run(play(url, token, float(seconds)))
    except urllib.error.HTTPError as error:
        result = {"status": error.code, "fault": json.loads(error.read() or b"{}")}
    print(json.dumps(result))


main()
