"""Faults and load: what clients see when processes die, disks fill and peers dawdle.

Real servers on loopback, ended only by the tests that started them. Barriers (`gate.Gate`) hold
requests where a test wants them; no test waits for a time to pass.
"""
