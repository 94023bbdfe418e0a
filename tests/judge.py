"""Parses expositions with the official Python parser and prints the result.

    judge.py text|openmetrics < exposition
    judge.py text|openmetrics --stream
    judge.py schema FILE < document

The result is a JSON array of families; values are strings, because JSON has
neither NaN nor infinity. For an invalid exposition, it exits with status 1 and
the parser's message. The text parser accepts duplicates; this script does not.

With --stream, it reads a sequence of expositions, each after a line with its
length in bytes, and writes one line for each: an object with the array as
"families", or the parser's message as "refusal".
"""

import json
import sys

import jsonschema
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

PARSERS = {
    "text": text.text_string_to_metric_families,
    "openmetrics": openmetrics.text_string_to_metric_families,
}


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "schema":
        return validate(arguments[1])
    if not arguments or arguments[0] not in PARSERS or arguments[1:] not in ([], ["--stream"]):
        sys.exit("usage: judge.py text|openmetrics [--stream]")
    parse = PARSERS[arguments[0]]
    if arguments[1:]:
        for line in sys.stdin.buffer:
            response = judge(parse, sys.stdin.buffer.read(int(line)))
            print(json.dumps(response), flush=True)
        return
    response = judge(parse, sys.stdin.buffer.read())
    if "refusal" in response:
        sys.exit(response["refusal"])
    json.dump(response["families"], sys.stdout)


def validate(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(json.load(sys.stdin))]
    if faults:
        sys.exit("\n".join(faults))


def judge(parse, exposition):
    try:
        families = list(parse(exposition.decode("utf-8")))
        refuse_duplicates(families)
    except Exception as fault:  # the parsers raise exceptions of any type
        return {"refusal": f"{type(fault).__name__}: {fault}"}
    return {"families": [family(one) for one in families]}


def refuse_duplicates(families):
    known = set()
    series = set()
    for one in families:
        # In the text format, a gauge `a` may coexist with a counter `a_total`, whose family the
        # parser also calls `a`.
        if (one.name, one.type) in known:
            raise ValueError(f"family {one.name} appears twice")
        known.add((one.name, one.type))
        for sample in one.samples:
            key = (sample.name, frozenset(sample.labels.items()), timestamp(sample))
            if key in series:
                raise ValueError(f"series {sample.name}{sample.labels} appears twice")
            series.add(key)


def family(one):
    return {
        "name": one.name,
        "type": one.type,
        "help": one.documentation,
        "unit": one.unit,
        "samples": [sample(each) for each in one.samples],
    }


def sample(one):
    return {
        "name": one.name,
        "labels": one.labels,
        "value": repr(float(one.value)),
        "timestamp": timestamp(one),
        "exemplar": one.exemplar and exemplar(one.exemplar),
    }


def exemplar(one):
    return {
        "labels": one.labels,
        "value": repr(float(one.value)),
        "timestamp": timestamp(one),
    }


def timestamp(one):
    return None if one.timestamp is None else float(one.timestamp)


if __name__ == "__main__":
    main(sys.argv[1:])
