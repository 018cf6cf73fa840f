# One makefile, not recursive. Everything built goes to build/<variant>/.
#
#   make                 build/release/bonafide and bonafide-check
#   make demo            install what is needed, build, show the program on real video
#   make check           install what is needed, build, run every test; last line: N passed, N failed
#   make models          fetch the pretrained face networks into build/models
#   make lint            folder laws, layout, static analysis, scripts, man pages, a second compiler
#   make asan ubsan      the tests under the address and undefined-behaviour sanitisers
#   make valgrind        unit tests and the main commands under valgrind; signing with the secret marked undefined
#   make fuzz            libFuzzer on every parser, SECONDS=60 each
#   make bench           the chain's rates, the table of copies, cost of register, size of digests
#   make bench-copies    make some 230 copies and alterations of three clips, verify each, print what was found
#   make bench-lookup    file made frames up to 10,000 hours (25 GB of disk, half an hour), look codes up, plot the growth
#   make bench-verify    cost of verify against 1,000 records, beside decoding alone (a quarter of an hour)
#   make bench-nn        convolutions against this machine's peak, and three networks beside PyTorch (some minutes)
#   make bench-faults    make each file call of register, import and swap fail in turn, and print what survived (an hour)
#   make bench-hardening kills, power cuts, crowds, changed bytes, faults and fuzzing at length; the rows of doc/hardening.md (hours)
#   make bench-detector  MANIFEST=F FOLDER=DIR WORK=DIR: make the detector's weights anew and measure them (hours)
#   make install         PREFIX=/usr/local DESTDIR=; also uninstall
#   make clean           removes build/
#
# VARIANT=release|debug|asan|ubsan|fuzz|clang, CC=gcc|clang, WERROR=1, V=1 shows whole commands.

VARIANT ?= release
BUILD := build/$(VARIANT)
PREFIX ?= /usr/local
CC ?= gcc
SECONDS ?= 60
# Each rule says what it makes in one short line, unless V=1.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $@")

all: $(BUILD)/bonafide $(BUILD)/bonafide-check

# --- flags ---------------------------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wundef -Werror=implicit-function-declaration -Wcast-qual -Wwrite-strings -Wformat=2 -Wnull-dereference -Wdouble-promotion
ifeq ($(WERROR),1)
WARN += -Werror
endif
OPT_release := -O2
OPT_debug := -O1 -g
OPT_asan := -O1 -g -fsanitize=address -fno-omit-frame-pointer
OPT_ubsan := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
OPT_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_clang := -O1 -g
OPT := $(OPT_$(VARIANT))

PKGS := libavformat libavcodec libswscale libavutil libseccomp libsecp256k1 libcrypto lmdb libcbor jansson openblas
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))
# Multi-buffer SHA-256: amd64 alone has the package; elsewhere the plain loop is built.
IPSEC_MB := $(firstword $(wildcard /usr/include/intel-ipsec-mb.h))
ifneq ($(IPSEC_MB),)
MB_CFLAGS := -DBF_HAVE_IPSEC_MB
MB_LIBS := -lIPSec_MB
endif

CFLAGS ?=
ALL_CFLAGS = -std=c17 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -I. -include lib/base/banned.h $(OPT) $(WARN) \
             -fstack-protector-strong $(MB_CFLAGS) $(PKG_CFLAGS) $(CFLAGS)
# What a program does not use it does not load: OpenBLAS starts threads as soon as it is there.
LIBS = -Wl,--as-needed $(PKG_LIBS) $(MB_LIBS) -lm -lpthread

# --- sources -------------------------------------------------------------------------------------------------------

LIB_SRC := $(sort $(wildcard lib/*/*.c ledger/*/*.c detector/*.c generator/*.c))
CLI_SRC := $(sort $(wildcard cli/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))

LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/obj/%.o)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH_BIN := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# O_TMPFILE, memfd_create and ppoll are Linux's own.
$(patsubst %,$(BUILD)/obj/%.o,lib/base/file lib/media/decode_talk lib/media/decode_host lib/media/decode_warm): ALL_CFLAGS += -D_GNU_SOURCE
# The loops over pixels want the vectoriser, and those of lib/nn and generator are nothing but loops.
# Neither flag changes a result: nobody reads errno after sqrtf there, or the floating-point exceptions.
$(BUILD)/obj/lib/nn/%.o $(BUILD)/obj/generator/%.o $(patsubst %,$(BUILD)/obj/detector/%.o,chip_augment chip_detail) $(BUILD)/obj/lib/face/point_flow.o: OPT := $(subst -O2,-O3,$(OPT)) -fno-math-errno -fno-trapping-math
$(patsubst %,$(BUILD)/obj/%.o,lib/media/cells lib/media/canvas lib/media/mark lib/media/gaussian lib/media/degrade ledger/digest/frame_digest ledger/match/features ledger/match/sighting ledger/match/residual): OPT := $(subst -O2,-O3,$(OPT))

$(BUILD)/libbonafide.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

# cli/check.c is the main of bonafide-check; every other file in cli/ belongs to bonafide.
$(BUILD)/bonafide: $(filter-out $(BUILD)/obj/cli/check.o,$(CLI_OBJ)) $(BUILD)/libbonafide.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

# Makes synthetic videos for the cases of the command line.
$(BUILD)/make_fake: tests/cli/make_fake.c $(filter-out $(addprefix $(BUILD)/obj/cli/,check.o main.o cmd_%.o),$(CLI_OBJ)) $(BUILD)/libbonafide.a
	@mkdir -p $(BUILD)/obj
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $(BUILD)/obj/make_fake.d -o $@ $^ $(LIBS)

# Static where the platform's libraries allow it, and without FFmpeg, OpenBLAS or LMDB in any case. The sanitisers cannot link
# statically.
$(BUILD)/bonafide-check: $(BUILD)/obj/cli/check.o $(BUILD)/libbonafide.a
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter release debug,$(VARIANT)),-static) -o $@ $^ -lsecp256k1 -ljansson -lcrypto

# What the commands share, for the tests of it.
CLI_UNIT := score_report score_pieces cue_table detector_list eval_set eval_report face_moment chip_maker fake_stream passphrase
$(CLI_UNIT:%=$(BUILD)/unit/test_%): $(filter-out $(addprefix $(BUILD)/obj/cli/,check.o main.o cmd_%.o),$(CLI_OBJ))
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libbonafide.a
	@mkdir -p $(@D) $(BUILD)/obj
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $(BUILD)/obj/unit_$*.d -o $@ $< $(filter $(BUILD)/obj/%.o,$^) $(BUILD)/libbonafide.a $(LIBS) -lcmocka

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libbonafide.a
	@mkdir -p $(@D) $(BUILD)/obj
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -MF $(BUILD)/obj/bench_$*.d -o $@ $< $(BUILD)/libbonafide.a $(LIBS)

# With clang and the fuzz variant these are libFuzzer targets; elsewhere tests/fuzz/replay.h gives them a main that
# runs each file of the corpus once.
CLI_FUZZ := cue_table detector_list eval_set labels
$(CLI_FUZZ:%=$(BUILD)/fuzz/fuzz_%): $(filter-out $(addprefix $(BUILD)/obj/cli/,check.o main.o cmd_%.o),$(CLI_OBJ))
FUZZ_ENGINE = $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer,-DBF_FUZZ_REPLAY)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libbonafide.a
	@mkdir -p $(@D) $(BUILD)/obj
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(FUZZ_ENGINE) -MMD -MP -MF $(BUILD)/obj/fuzz_$*.d -o $@ $< $(filter $(BUILD)/obj/%.o,$^) $(BUILD)/libbonafide.a $(LIBS)

# --- tests -----------------------------------------------------------------------------------------------------------

JOBS := $(if $(findstring j,$(filter-out --%,$(MAKEFLAGS))),,-j$(shell nproc))
SUBMAKE = +$(MAKE) --no-print-directory $(JOBS)

tests-built: all $(UNIT_BIN) $(FUZZ_BIN) $(BENCH_BIN) $(BUILD)/make_fake

# The packages may arrive in this very run, so that what depends on them is built by a make that starts afterwards.
demo:
	fixtures/install.sh build test
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) -s VARIANT=release all
	@BONAFIDE=build/release/bonafide fixtures/demo.sh

check:
	fixtures/install.sh build test
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) VARIANT=release WERROR=1 tests-built
	@BUILD=build/release tests/run.sh

models:
	fixtures/fetch.sh

lint:
	fixtures/install.sh build test lint
	$(SUBMAKE) VARIANT=release WERROR=1 all
	$(SUBMAKE) VARIANT=clang CC=clang WERROR=1 tests-built
	@tests/lint.sh

asan ubsan:
	fixtures/install.sh build test
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) VARIANT=$@ tests-built
	@BUILD=build/$@ tests/run.sh

valgrind:
	fixtures/install.sh build test lint
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) VARIANT=debug tests-built
	@BUILD=build/debug tests/valgrind.sh

fuzz:
	fixtures/install.sh build test lint
	$(SUBMAKE) VARIANT=fuzz CC=clang fuzz-built
	@SECONDS_EACH=$(SECONDS) tests/fuzz.sh

fuzz-built: $(FUZZ_BIN)

bench:
	fixtures/install.sh build test
	fixtures/fetch.sh
	fixtures/media.sh bench
	$(SUBMAKE) VARIANT=release tests-built
	@tests/bench/run.sh

bench-copies:
	fixtures/install.sh build test bench
	fixtures/fetch.sh
	$(SUBMAKE) VARIANT=release all
	tests/bench/make_copies.py --seconds 8 --jobs $(shell nproc) -o build/copies
	tests/bench/evaluate_copies.py build/copies --jobs $(shell nproc) --worst 5

bench-lookup:
	fixtures/install.sh build
	$(SUBMAKE) VARIANT=release build/release/bench/bench_lookup
	build/release/bench/bench_lookup build/lookup doc/lookup_growth.tsv 10h 100h 1000000 1000h 10000000 10000h
	tests/bench/plot_lookup.py doc/lookup_growth.tsv doc/lookup_growth.svg

bench-verify:
	fixtures/install.sh build test
	fixtures/fetch.sh
	$(SUBMAKE) VARIANT=release all
	tests/bench/verify_many.sh 1000 5

bench-nn:
	fixtures/install.sh build bench-nn
	$(SUBMAKE) VARIANT=release build/release/bench/bench_nn
	build/release/bench/bench_nn convs
	tests/bench/compare_nn.py 5
	tests/bench/compare_nn.py 3 1

bench-faults:
	fixtures/install.sh build test
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) VARIANT=release all
	FAULTS=all tests/fault/inject.sh

bench-hardening:
	fixtures/install.sh build test lint
	fixtures/fetch.sh
	fixtures/media.sh check
	$(SUBMAKE) VARIANT=release tests-built
	$(SUBMAKE) VARIANT=fuzz CC=clang fuzz-built
	tests/bench/hardening.sh

bench-detector:
	fixtures/install.sh build test bench
	fixtures/fetch.sh
	$(SUBMAKE) VARIANT=release all
	tests/bench/detector.sh $(MANIFEST) $(FOLDER) $(WORK)

# --- install ---------------------------------------------------------------------------------------------------------

BINDIR := $(DESTDIR)$(PREFIX)/bin
MANDIR := $(DESTDIR)$(PREFIX)/share/man/man1
COMPLETIONDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
MODELDIR := $(DESTDIR)$(PREFIX)/share/bonafide/models
DETECTORDIR := $(DESTDIR)$(PREFIX)/share/bonafide/detector
MAN := $(sort $(wildcard man/*.1))
# The face networks are installed where they have been fetched: make itself never asks the network for anything.
MODELS := $(sort $(wildcard build/models/*.json build/models/*.bin))
DETECTOR := $(sort $(wildcard detector/weights/*))

install: all
	install -d $(BINDIR) $(MANDIR) $(COMPLETIONDIR)
	install $(BUILD)/bonafide $(BUILD)/bonafide-check $(BINDIR)
	install -m 644 $(MAN) $(MANDIR)
	$(BUILD)/bonafide completion bash >$(COMPLETIONDIR)/bonafide
ifneq ($(DETECTOR),)
	install -d $(DETECTORDIR)
	install -m 644 $(DETECTOR) $(DETECTORDIR)
endif
ifneq ($(MODELS),)
	install -d $(MODELDIR)
	install -m 644 $(MODELS) $(MODELDIR)
else
	@echo "install: left out the face networks, which 'make models' fetches" >&2
endif

uninstall:
	rm -f $(BINDIR)/bonafide $(BINDIR)/bonafide-check $(MAN:man/%=$(MANDIR)/%) $(COMPLETIONDIR)/bonafide $(MODELS:build/models/%=$(MODELDIR)/%) $(DETECTOR:detector/weights/%=$(DETECTORDIR)/%)

clean:
	rm -rf build

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

.PHONY: all tests-built demo check models lint asan ubsan valgrind fuzz fuzz-built bench bench-copies bench-lookup bench-verify bench-nn bench-faults bench-hardening bench-detector install uninstall clean help
