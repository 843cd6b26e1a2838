"""The recorder's files and manifests against the acknowledgements of the withdrawals."""

import hashlib
import json


def cuts_at(sink, acknowledgements):
    """{(room, participant, epoch): last extended sequence}"""
    return {(said["room"], said["participant"], mark["epoch"]): mark["last_sequence"]
            for said in acknowledgements for mark in said["cut"] if mark["sink"] == sink}


def fault_of_track(track, folder, cut):
    """What contradicts the acknowledgement's cut, or None."""
    if track["state"] != "cut" or track.get("cut") != cut:
        return f"is {track['state']} with the cut {track.get('cut')}, acknowledged was {cut}"
    if track.get("last_sequence", 0) > cut:
        return f"goes on to {track['last_sequence']}, beyond the cut {cut}"
    if track["packets"] == 0:
        return None
    if hashlib.sha256((folder / track["file"]).read_bytes()).hexdigest() not in track["sha256"]:
        return "has not the hash of its manifest"
    return None


def judge_recordings(recordings, acknowledgements):
    """Counts, and what is wrong in words."""
    cuts, faults = cuts_at("recorder", acknowledgements), []
    counts = {"tracks": 0, "cut": 0, "sound_files": 0, "packets": 0}
    for manifest in recordings.rglob("manifest.json"):
        content = json.loads(manifest.read_text())
        for track in content["tracks"]:
            counts["tracks"] += 1
            key = (content["room"], track["participant"], track["epoch"])
            cut = cuts.pop(key, None)
            if cut is None:
                if track.get("packets", 0):
                    faults.append(f"recorder: {key} was recorded, and no withdrawal told its cut")
                continue
            fault = fault_of_track(track, manifest.parent, cut)
            if fault:
                faults.append(f"recorder: the track of {key} {fault}")
                continue
            counts["cut"] += 1
            counts["sound_files"] += track["packets"] > 0
            counts["packets"] += track["packets"]
    faults += [f"recorder: no track for the cut of {key}" for key in cuts]
    if not counts["sound_files"]:
        faults.append("recorder: nothing was recorded, so nothing was shown")
    return counts, faults[:20]
