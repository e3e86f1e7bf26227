#!/bin/sh
# hostler-event speaks the protocol of desktop flows; it is on the PATH of every flow.
set -eu

name=$(hostler-event input name)
hostler-event progress Main "Greet $name"
hostler-event checkpoint </dev/null
hostler-event output greeting "Hello, $name"
