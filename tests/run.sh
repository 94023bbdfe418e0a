#!/usr/bin/env bash
# Checks everything: format, lints, documentation, tests, and independent judges.
#
# Needs a Rust toolchain, a C compiler and, for judges that are not installed, Debian's apt. The
# judges are Prometheus and promtool, a newer Prometheus from a later Debian, VictoriaMetrics, the
# Pushgateway, node_exporter, the official Python parsers and valgrind. They are unpacked below
# target/judges, so nothing on the machine is replaced and no service is started. Chromium and its
# driver, which need a hundred libraries, are installed. To use other programs, set PROMETHEUS,
# PROMTOOL, PROMETHEUS_NEWER, VICTORIA_METRICS, PUSHGATEWAY, NODE_EXPORTER, JUDGE_PYTHON, VALGRIND,
# CHROMIUM and CHROMEDRIVER.
#
# With LONG=1, it also runs the fuzzer for two minutes (or FUZZ_SECONDS), and the soak test for ten
# (or SOAK_SECONDS). The fuzzer is cargo-fuzz, which is built below target/tools if it is missing,
# and needs a C++ compiler.
set -euo pipefail
# Nothing is built twice, and without this, the target folder is twice as large.
export CARGO_INCREMENTAL=0
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

readonly judges="$PWD/target/judges"
readonly prometheus_client=0.26.0
readonly jsonschema=4.25.1
readonly cargo_fuzz=0.13.2
# The first Debian release with Prometheus 3.
readonly newer_debian=forky

# Test programs that mostly wait, for scrapes or a browser, or that use one processor, for a compiler.
# They run beside the others.
readonly beside_others=(dashboards environments expiry_scraped formats_scraped newcomer page prometheus
    prometheus_tls pushed remote_written rules summaries_scraped ui)
# Test programs with each kind of item that registers at link time.
readonly registering=(attributes collectors declarations registry)

main() {
    # The soak test among the other tests takes its default, short time.
    local soak_seconds=${SOAK_SECONDS:-600}
    unset SOAK_SECONDS

    step "judges"
    find_prometheus
    find_newer_prometheus
    find_victoria_metrics
    find_pushgateway
    find_node_exporter
    find_python
    find_valgrind
    find_chromium
    "$PROMETHEUS" --version 2>&1 | head -n 1
    "$PROMTOOL" --version 2>&1 | head -n 1
    "$PROMETHEUS_NEWER" --version 2>&1 | head -n 1
    echo "prometheus_client, version $(version_of prometheus_client "$JUDGE_PYTHON")"
    basename "$("$VALGRIND" --version)"

    step "format"
    run cargo fmt --all --check
    run cargo fmt --manifest-path tests/fuzz/Cargo.toml --check

    step "lints"
    run cargo clippy --workspace --all-targets --all-features -- -D warnings

    step "documentation"
    RUSTDOCFLAGS="-D warnings" run cargo doc --no-deps --all-features \
        --package metrics-core --package metrics-http --package metrics-macros

    step "tests"
    test_workspace

    step "tests with jemalloc"
    run cargo test --workspace --exclude models --features tests/jemalloc --test jemalloc

    step "tests, registered through a linker section"
    run cargo test --package tests --package 'hygiene-*' --features tests/linkme --lib \
        "${registering[@]/#/--test=}"

    step "tests of the storage without native thread-local storage, with AddressSanitizer"
    test_fallback_storage

    if [[ -n ${LONG:-} ]]; then
        step "fuzz, ${FUZZ_SECONDS:=120} s"
        fuzz

        step "soak, $soak_seconds s"
        run env SOAK_SECONDS="$soak_seconds" \
            cargo test --package tests --test soak -- --nocapture
    fi

    step "all good"
}

# Runs all tests, in two groups at the same time. What the group beside the others prints appears when
# both have ended.
test_workspace() {
    # Without the models, which `--lib` would compile for unit tests, although their library has none,
    # and which need more features of some dependencies.
    local cargo_test=(cargo test --workspace --exclude models)
    run "${cargo_test[@]}" --no-run
    local name beside=() others=()
    while read -r name; do
        if [[ " ${beside_others[*]} " == *" $name "* ]]; then
            beside+=("--test=$name")
        else
            others+=("--test=$name")
        fi
    done < <(test_programs)
    # Measures what clients wait for, and needs both processors.
    run "${cargo_test[@]}" --test attack
    local output="$PWD/target/tests-beside.txt"
    run "${cargo_test[@]}" "${beside[@]}" &>"$output" &
    local process=$! result=0
    { run "${cargo_test[@]}" --lib --bins --examples "${others[@]}" \
        && run "${cargo_test[@]}" --doc \
        && run cargo test --package models; } || result=$?
    wait "$process" || result=$?
    cat "$output"
    return "$result"
}

# The names of all test programs except that of the models, that with a feature of its own, and that
# of an attack, which runs alone.
test_programs() {
    local path
    for path in {metrics-*,tests}/tests/{*.rs,*/main.rs}; do
        path=${path%/main.rs}
        [[ ! -e $path || $path == */jemalloc.rs || $path == */attack ]] || basename "$path" .rs
    done | sort -u
}

# Finds uses of memory that the end of a thread has freed. Tests that take minutes or measure memory
# are left out, and so are leaks, because some tests exit while their threads run. RUSTC_BOOTSTRAP
# lets the stable compiler accept the sanitizer.
test_fallback_storage() {
    local flags="--cfg metrics_fallback_storage -Zsanitizer=address"
    local in_it=(env RUSTC_BOOTSTRAP=1 "RUSTFLAGS=$flags" ASAN_OPTIONS=detect_leaks=0
        cargo test --target x86_64-unknown-linux-gnu --target-dir target/fallback-storage)
    run "${in_it[@]}" --package metrics-core --lib -- storage:: series:: metric:: \
        --skip rendered_labels
    run "${in_it[@]}" --package tests --test expiry --test allocator
    run "${in_it[@]}" --package tests --test storage -- counters threads rounding
    run "${in_it[@]}" --package tests --test series -- \
        --skip a_million_values --skip quantile_windows
}

# Uses the stable toolchain: of what cargo-fuzz passes to the compiler, only sanitizers are
# unstable, and they find errors of unsafe code. This run finds panics and invalid expositions. The
# corpus below target grows from run to run.
fuzz() {
    local tools="$PWD/target/tools" corpus="$PWD/target/fuzz/corpus"
    if ! [[ $("$tools/bin/cargo-fuzz" --version 2>/dev/null) == *" $cargo_fuzz" ]]; then
        run cargo install cargo-fuzz --quiet --locked --force \
            --version "$cargo_fuzz" --root "$tools"
    fi
    mkdir -p "$corpus"
    PATH="$tools/bin:$PATH" run cargo fuzz run --fuzz-dir tests/fuzz \
        --target-dir target/fuzz --sanitizer none expositions "$corpus" \
        -- -max_total_time="$FUZZ_SECONDS" -max_len=4096 -len_control=0 -timeout=20 -print_final_stats=1
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

# Unpacked instead of installed, because the package would create a user and a service.
unpack_prometheus() {
    [[ -x $judges/prometheus/usr/bin/promtool ]] || unpack prometheus
}

find_newer_prometheus() {
    local folder=prometheus-newer
    if [[ -z ${PROMETHEUS_NEWER:-} ]]; then
        PROMETHEUS_NEWER="$judges/$folder/usr/bin/prometheus"
        [[ -x $PROMETHEUS_NEWER ]] || unpack prometheus "$folder" download_newer
    fi
    export PROMETHEUS_NEWER
    [[ $("$PROMETHEUS_NEWER" --version 2>&1) == "prometheus, version 3."* ]] \
        || fail "no Prometheus 3 at \`$PROMETHEUS_NEWER\`"
}

find_victoria_metrics() {
    if [[ -z ${VICTORIA_METRICS:-} ]]; then
        VICTORIA_METRICS="$judges/victoria-metrics/usr/bin/victoria-metrics"
        [[ -x $VICTORIA_METRICS ]] || unpack victoria-metrics
    fi
    export VICTORIA_METRICS
    [[ -x $VICTORIA_METRICS ]] || fail "no VictoriaMetrics at \`$VICTORIA_METRICS\`"
}

find_pushgateway() {
    if [[ -z ${PUSHGATEWAY:-} ]]; then
        PUSHGATEWAY="$judges/pushgateway/usr/bin/prometheus-pushgateway"
        [[ -x $PUSHGATEWAY ]] || unpack prometheus-pushgateway pushgateway
    fi
    export PUSHGATEWAY
    [[ -x $PUSHGATEWAY ]] || fail "no Pushgateway at \`$PUSHGATEWAY\`"
}

find_node_exporter() {
    if [[ -z ${NODE_EXPORTER:-} ]]; then
        NODE_EXPORTER="$judges/node-exporter/usr/bin/prometheus-node-exporter"
        [[ -x $NODE_EXPORTER ]] || unpack prometheus-node-exporter node-exporter
    fi
    export NODE_EXPORTER
    [[ -x $NODE_EXPORTER ]] || fail "no node_exporter at \`$NODE_EXPORTER\`"
}

find_valgrind() {
    if [[ -z ${VALGRIND:-} ]]; then
        if ! command -v valgrind >/dev/null; then
            [[ -x $judges/valgrind/usr/bin/valgrind ]] || unpack valgrind
            # Valgrind looks for its tools at the installation path.
            export VALGRIND_LIB="$judges/valgrind/usr/libexec/valgrind"
        fi
        local PATH="$PATH:$judges/valgrind/usr/bin"
        VALGRIND=$(command -v valgrind)
    fi
    export VALGRIND
    [[ -x $VALGRIND ]] || fail "no valgrind at \`$VALGRIND\`"
    command -v objdump >/dev/null || fail "no objdump; install binutils"
}

# Installed instead of unpacked, because Chromium needs a hundred libraries.
find_chromium() {
    if [[ -z ${CHROMIUM:-} || -z ${CHROMEDRIVER:-} ]]; then
        if ! { command -v chromium && command -v chromedriver; } >/dev/null; then
            command -v apt-get >/dev/null \
                || fail "no Chromium found; install it and its driver, or name them as described above"
            run as_root apt-get -q update
            run as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get -q install --yes --no-install-recommends \
                chromium chromium-driver fonts-dejavu-core
        fi
        : "${CHROMIUM:=$(command -v chromium)}" "${CHROMEDRIVER:=$(command -v chromedriver)}"
    fi
    export CHROMIUM CHROMEDRIVER
    [[ -x $CHROMIUM ]] || fail "no Chromium at \`$CHROMIUM\`"
    [[ -x $CHROMEDRIVER ]] || fail "no chromedriver at \`$CHROMEDRIVER\`"
}

# unpack PACKAGE [FOLDER [DOWNLOAD]]: unpacks a Debian package below target/judges.
unpack() {
    local package=$1 folder=${2:-$1} download=${3:-download}
    command -v apt-get >/dev/null \
        || fail "no $package found; install it, or name its binaries as described above"
    local temporary
    temporary=$(mktemp -d)
    (cd "$temporary" && "$download" "$package")
    # Moved to its folder last, so that an interrupted run leaves no incomplete package.
    rm -rf "${judges:?}/$folder" "$judges/unpacking"
    mkdir -p "$judges"
    dpkg-deb --extract "$temporary/$package"_*.deb "$judges/unpacking"
    mv "$judges/unpacking" "$judges/$folder"
    rm -r "$temporary"
}

download() {
    if ! apt_get download "$1" 2>/dev/null; then
        run as_root apt-get -q update
        run apt_get download "$1"
    fi
}

# Uses the machine's mirror with a separate apt configuration in the current folder, so that the
# machine's apt does not learn of a later Debian.
download_newer() {
    local mirror
    mirror=$(debian_mirror)
    if [[ -z $mirror ]]; then
        run as_root apt-get -q update
        mirror=$(debian_mirror)
    fi
    [[ -n $mirror ]] || fail "apt names no mirror of Debian; set PROMETHEUS_NEWER"
    mkdir -p apt/{none,lists/partial,cache/archives/partial}
    echo "deb [target=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
        "$mirror $newer_debian main" >apt/sources.list
    local options=(
        -o "Dir::Etc::SourceList=$PWD/apt/sources.list"
        -o "Dir::Etc::SourceParts=$PWD/apt/none"
        -o "Dir::State::Lists=$PWD/apt/lists"
        -o "Dir::Cache=$PWD/apt/cache"
    )
    run apt_get "${options[@]}" update
    run apt_get "${options[@]}" download "$1"
}

debian_mirror() {
    # shellcheck disable=SC2016 # these are apt's variables
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -n 1
}

find_python() {
    if [[ -z ${JUDGE_PYTHON:-} ]]; then
        JUDGE_PYTHON="$judges/python/bin/python"
        if [[ $(version_of prometheus_client "$JUDGE_PYTHON") != "$prometheus_client" \
            || $(version_of jsonschema "$JUDGE_PYTHON") != "$jsonschema" ]]; then
            if ! python3 -c "import ensurepip, venv" 2>/dev/null; then
                run as_root apt-get -q update
                run as_root env DEBIAN_FRONTEND=noninteractive \
                    apt-get -q install --yes --no-install-recommends python3 python3-venv
            fi
            run python3 -m venv --clear "$judges/python"
            run "$JUDGE_PYTHON" -m pip --quiet --disable-pip-version-check \
                install "prometheus_client==$prometheus_client" "jsonschema==$jsonschema"
        fi
    fi
    export JUDGE_PYTHON
    local library
    for library in prometheus_client jsonschema; do
        [[ -n $(version_of "$library" "$JUDGE_PYTHON") ]] \
            || fail "\`$JUDGE_PYTHON\` has no $library"
    done
}

# version_of LIBRARY PYTHON: prints nothing if it is not installed.
version_of() {
    "$2" -c "from importlib.metadata import version; print(version('$1'))" 2>/dev/null || true
}

# apt's sandbox user cannot write to a folder of root and would print a warning.
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
