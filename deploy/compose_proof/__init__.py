"""Proof that compose.yaml does what it says, on a Docker engine, from nothing: `deploy/prove_compose`.

Where no engine answers one is started, with its data in a folder that is removed in the end; images that
are not there are made of Debian's packages. Nothing else on the machine is touched.
"""
