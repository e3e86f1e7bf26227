"""Adds up an invoice: a CSV file with the columns article, quantity and price. The file it is given lies in in/, what it leaves in out/."""

import csv
import sys
from decimal import Decimal, InvalidOperation

import hostler


def main():
    path = hostler.inputs()["invoice"]
    total, lines = Decimal(0), 0
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                hostler.progress("Main", f"Add {row['quantity']} x {row['article']}")
                hostler.checkpoint()
                total += Decimal(row["quantity"]) * Decimal(row["price"])
                lines += 1
    except (OSError, UnicodeDecodeError, KeyError, TypeError, InvalidOperation) as why:
        hostler.error(f"{path} is no invoice: {why}")
        return 1
    with open("out/receipt.txt", "w", encoding="utf-8") as file:
        file.write(f"Received: {lines} lines, {total} in all.\n")
    hostler.output("lines", lines)
    hostler.output("total", str(total))
    hostler.output("receipt", "out/receipt.txt")
    return 0


sys.exit(main())
