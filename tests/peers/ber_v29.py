"""V.29 bit error rates against noise, ours beside libspandsp's on the same samples: python -m tests.peers.ber_v29

White noise over 0 to 4 kHz against the power of the data, from the first sample of the burst on, no G.711. Writes
docs/v29_ber.csv. A burst with a fifth of its bits wrong counts as a lost training, not in the rate.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from firmware_sim.modems import demodulator
from tests.modems.line import Line, bits_of, errors, hear

from . import spandsp_modems as peer

SNRS_DB = {9600: range(16, 25), 7200: range(13, 21)}
BURSTS, SECONDS = 6, 50
TABLE = Path(__file__).parents[2] / "docs" / "v29_ber.csv"


def ours(samples, bps):
    return bits_of(hear(demodulator("V.29", bps), samples, 1600))


def theirs(samples, bps):
    return peer.v29_hear(samples, bps)[0]


def rate(wrong, sent):
    """-> (bit error rate of the bursts that trained, trainings lost)"""
    good = [w for w in wrong if w < 0.2 * sent]
    return (sum(good) / (len(good) * sent) if good else 1.0), len(wrong) - len(good)


def measure(bps, snr_db):
    """One row of the table."""
    wrong = {ours: [], theirs: []}
    for k in range(BURSTS):
        sent = np.random.default_rng(k).integers(0, 2, bps * SECONDS).astype(np.uint8)
        line = Line(snr_db=snr_db, law=None, lead=800 + 331 * k, seed=100 * snr_db + k)
        heard = line.carry(peer.v29_burst(sent, bps))
        for receiver, counts in wrong.items():
            counts.append(errors(receiver(heard, bps), sent))
    (a, lost_a), (b, lost_b) = (rate(wrong[r], bps * SECONDS) for r in (ours, theirs))
    return [bps, snr_db, BURSTS * SECONDS * bps, f"{a:.1e}", lost_a, f"{b:.1e}", lost_b]


def main():
    with TABLE.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["bps", "snr_db", "bits", "ours_ber", "ours_lost", "libspandsp_ber", "libspandsp_lost"])
        for bps, snrs in SNRS_DB.items():
            for snr_db in snrs:
                row = measure(bps, snr_db)
                table.writerow(row)
                sys.stdout.write(f"{row}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
