#!/usr/bin/env bash
# Checks everything: format, lints, documentation, tests, and the judges' verdicts.
#
# Needs a Rust toolchain, a C compiler and, for what is missing of the judges,
# Debian's apt. The judges (Prometheus, promtool, the official Python parsers,
# valgrind) land below target/judges: nothing of the machine's own is replaced
# and no service is started. PROMETHEUS, PROMTOOL, JUDGE_PYTHON and VALGRIND
# name other ones.
#
# With LONG=1, threads come and go for ten minutes at the end, or for
# SOAK_SECONDS.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

readonly judges="$PWD/target/judges"
readonly prometheus_client=0.26.0

# Test targets that registration through a linker section cannot change.
readonly indifferent_to_linkme=" allocator dependencies environments instructions memory prometheus
    soak ui "

main() {
    # Before the end, the soak takes as long as any other test.
    local soak_seconds=${SOAK_SECONDS:-600}
    unset SOAK_SECONDS

    step "judges"
    find_prometheus
    find_python
    find_valgrind
    "$PROMETHEUS" --version 2>&1 | head -n 1
    "$PROMTOOL" --version 2>&1 | head -n 1
    echo "prometheus_client, version $(client_version "$JUDGE_PYTHON")"
    basename "$("$VALGRIND" --version)"

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

    if [[ -n ${LONG:-} ]]; then
        step "soak, $soak_seconds s"
        run env SOAK_SECONDS="$soak_seconds" \
            cargo test --package tests --test soak -- --nocapture
    fi

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
    [[ -x $judges/prometheus/usr/bin/promtool ]] || unpack prometheus
}

find_valgrind() {
    if [[ -z ${VALGRIND:-} ]]; then
        if ! command -v valgrind >/dev/null; then
            [[ -x $judges/valgrind/usr/bin/valgrind ]] || unpack valgrind
            # It looks for its tools where it would have been installed.
            export VALGRIND_LIB="$judges/valgrind/usr/libexec/valgrind"
        fi
        local PATH="$PATH:$judges/valgrind/usr/bin"
        VALGRIND=$(command -v valgrind)
    fi
    export VALGRIND
    [[ -x $VALGRIND ]] || fail "no valgrind at \`$VALGRIND\`"
    command -v objdump >/dev/null || fail "no objdump; install binutils"
}

# Unpacks a Debian package below target/judges.
unpack() {
    command -v apt-get >/dev/null \
        || fail "no $1 here; install it, or name its binaries as said above"
    local download
    download=$(mktemp -d)
    if ! (cd "$download" && apt_get download "$1" 2>/dev/null); then
        run as_root apt-get -q update
        (cd "$download" && run apt_get download "$1")
    fi
    # Moved into place last: half of it must not pass for all of it.
    rm -rf "${judges:?}/$1" "$judges/unpacking"
    mkdir -p "$judges"
    dpkg-deb --extract "$download/$1"_*.deb "$judges/unpacking"
    mv "$judges/unpacking" "$judges/$1"
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
