#!/usr/bin/env bash
# Checks everything: format, lints, documentation, tests, and the judges' verdicts.
#
# Needs a Rust toolchain, a C compiler and, for what is missing of the judges,
# Debian's apt. The judges (Prometheus, promtool, the official Python parsers)
# land below target/judges: nothing of the machine's own is replaced and no
# service is started. PROMETHEUS, PROMTOOL and JUDGE_PYTHON name other ones.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

readonly judges="$PWD/target/judges"
readonly prometheus_client=0.26.0

# Test targets that registration through a linker section cannot change.
readonly indifferent_to_linkme=" dependencies prometheus ui "

main() {
    step "judges"
    find_prometheus
    find_python
    "$PROMETHEUS" --version 2>&1 | head -n 1
    "$PROMTOOL" --version 2>&1 | head -n 1
    echo "prometheus_client, version $(client_version "$JUDGE_PYTHON")"

    step "format"
    run cargo fmt --all --check

    step "lints"
    run cargo clippy --workspace --all-targets --all-features -- -D warnings

    step "documentation"
    RUSTDOCFLAGS="-D warnings" run cargo doc --no-deps --workspace

    step "example"
    run cargo build --release --package metrics-http --example shortener

    step "tests"
    run cargo test --workspace --features metrics-http/axum

    step "tests, registered through a linker section"
    mapfile -t targets < <(targets_for_linkme)
    run cargo test --package tests --package 'hygiene-*' --features tests/linkme --lib "${targets[@]}"

    step "all good"
}

find_prometheus() {
    if [[ -z ${PROMETHEUS:-} || -z ${PROMTOOL:-} ]]; then
        if ! { command -v prometheus && command -v promtool; } >/dev/null; then
            unpack_prometheus
        fi
        local PATH="$PATH:$judges/prometheus/usr/bin"
        : "${PROMETHEUS:=$(command -v prometheus)}" "${PROMTOOL:=$(command -v promtool)}"
    fi
    export PROMETHEUS PROMTOOL
    [[ -x $PROMETHEUS ]] || fail "no Prometheus at \`$PROMETHEUS\`"
    [[ -x $PROMTOOL ]] || fail "no promtool at \`$PROMTOOL\`"
}

# Unpacked and not installed: an installation would bring a user and a service.
unpack_prometheus() {
    [[ -x $judges/prometheus/usr/bin/promtool ]] && return
    command -v apt-get >/dev/null \
        || fail "no Prometheus here; install it, or set PROMETHEUS and PROMTOOL to its binaries"
    local download
    download=$(mktemp -d)
    if ! (cd "$download" && apt_get download prometheus 2>/dev/null); then
        run as_root apt-get -q update
        (cd "$download" && run apt_get download prometheus)
    fi
    # Moved into place last: half of it must not pass for all of it.
    rm -rf "$judges/prometheus" "$judges/unpacking"
    mkdir -p "$judges"
    dpkg-deb --extract "$download"/prometheus_*.deb "$judges/unpacking"
    mv "$judges/unpacking" "$judges/prometheus"
    rm -r "$download"
}

find_python() {
    if [[ -z ${JUDGE_PYTHON:-} ]]; then
        JUDGE_PYTHON="$judges/python/bin/python"
        if [[ $(client_version "$JUDGE_PYTHON") != "$prometheus_client" ]]; then
            if ! python3 -c "import ensurepip, venv" 2>/dev/null; then
                run as_root apt-get -q update
                run as_root env DEBIAN_FRONTEND=noninteractive \
                    apt-get -q install --yes --no-install-recommends python3 python3-venv
            fi
            run python3 -m venv --clear "$judges/python"
            run "$JUDGE_PYTHON" -m pip --quiet --disable-pip-version-check \
                install "prometheus_client==$prometheus_client"
        fi
    fi
    export JUDGE_PYTHON
    [[ -n $(client_version "$JUDGE_PYTHON") ]] \
        || fail "\`$JUDGE_PYTHON\` has no prometheus_client"
}

client_version() {
    "$1" -c 'from importlib.metadata import version; print(version("prometheus_client"))' \
        2>/dev/null || true
}

targets_for_linkme() {
    local file name
    for file in tests/tests/*.rs; do
        name=$(basename "$file" .rs)
        [[ $indifferent_to_linkme == *" $name "* ]] || printf '%s\n' --test "$name"
    done
}

# The sandbox of apt cannot write to a directory of root's and warns about it.
apt_get() {
    apt-get -q -o APT::Sandbox::User=root "$@"
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "\`$*\` needs root; run it, then start again"
    fi
}

step() {
    printf '\n== %s\n' "$*"
}

run() {
    printf '$ %s\n' "$*"
    "$@"
}

fail() {
    printf 'run.sh: %s\n' "$*" >&2
    exit 1
}

main
