# mod_mtasts.  `make help` lists the goals.

APXS   ?= $(firstword $(shell command -v apxs apxs2 2>/dev/null) apxs)
# It looks with the same tools as the build.
NEED    = $(if $(filter default undefined,$(origin CC)),,CC='$(CC)') APXS='$(APXS)' CPPFLAGS='$(CFLAGS)' t/lib/need.sh

# One tree of objects for each kind of build; nothing is written elsewhere.
B      := build$(if $(ASAN),/asan)
OBJ    := $(B)/obj
MODULE := $(B)/mod_mtasts.so

CORE   := $(wildcard src/core/*.c)
NET    := $(wildcard src/net/*.c)
HTTPD  := mod_mtasts.c $(wildcard src/httpd/*.c)
UNIT   := $(patsubst t/unit/%.c,$(B)/unit/%,$(wildcard t/unit/*.c)) \
          $(patsubst t/unit-net/%.c,$(B)/unit-net/%,$(wildcard t/unit-net/*.c))
TARGET := $(patsubst t/fuzz/%.c,%,$(filter-out t/fuzz/replay.c,$(wildcard t/fuzz/*.c)))
TARGET_NET := $(patsubst t/fuzz-net/%.c,%,$(wildcard t/fuzz-net/*.c))
FUZZ_SECONDS ?= 60

# Asked of apxs when first used: it may have to be installed before.
ask     = $(eval $(1) := $(2))$($(1))
apxs_CC       = $(call ask,apxs_CC,$(shell $(APXS) -q CC 2>/dev/null))
apxs_CFLAGS   = $(call ask,apxs_CFLAGS,$(shell $(APXS) -q CFLAGS))
apxs_CPPFLAGS = $(call ask,apxs_CPPFLAGS,$(shell $(APXS) -q EXTRA_CPPFLAGS) \
                $(addprefix -isystem ,$(shell $(APXS) -q INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR | tr ';' ' ')))
apxs_LIBEXEC  = $(call ask,apxs_LIBEXEC,$(shell $(APXS) -q LIBEXECDIR))
apxs_CONF     = $(call ask,apxs_CONF,$(shell $(APXS) -q SYSCONFDIR))

ifneq (,$(filter default undefined,$(origin CC)))
CC      = $(apxs_CC)
endif
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes
,      := ,
SAN    := $(if $(ASAN),-fsanitize=address$(,)undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE -O1)
# What every object gets; src/core sees no path to httpd's or APR's headers.
FLAGS   = $(apxs_CFLAGS) -std=c99 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(WARN) -MMD -MP $(SAN) $(CFLAGS)
SHARED := $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared)
LIBS   := -lcares -ljansson -lidn2 -lssl -lcrypto

# V=1 shows the commands.
run      = @$(if $(V),,echo '  $(1) $(2)' && )$(if $(V),set -x; )$(3)

CORE_O  := $(CORE:%.c=$(OBJ)/%.o)
NET_O   := $(NET:%.c=$(OBJ)/%.o)
HTTPD_O := $(HTTPD:%.c=$(OBJ)/%.o)

.PHONY: all demo test check unit guard memcheck httpd-test bench fuzz lint install uninstall clean help \
        need-build need-demo need-test need-lint need-fuzz need-bench
.DELETE_ON_ERROR:

all: $(MODULE)           ## build build/mod_mtasts.so; V=1 shows the commands
	@echo '$(MODULE) is there; next: make install'

$(MODULE): $(CORE_O) $(NET_O) $(HTTPD_O)
	$(call run,LINK,$@,$(CC) $(FLAGS) $(SHARED) $(LDFLAGS) -o $@ $^ $(LIBS))

$(OBJ)/src/core/%.o: src/core/%.c | need-build
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -c -o $@ $<)

$(OBJ)/src/net/%.o: src/net/%.c | need-build
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -c -o $@ $<)

$(OBJ)/%.o: %.c | need-build
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) $(apxs_CPPFLAGS) -c -o $@ $<)

$(B)/unit/%: t/unit/%.c $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< $(CORE_O) -lcrypto)

$(B)/replay/%: t/fuzz/%.c t/fuzz/replay.c $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< t/fuzz/replay.c $(CORE_O) -lcrypto)

$(B)/unit-net/%: t/unit-net/%.c $(CORE_O) $(NET_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< $(NET_O) $(CORE_O) -lcares -lssl -lcrypto)

$(B)/replay-net/%: t/fuzz-net/%.c t/fuzz/replay.c $(CORE_O) $(NET_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< t/fuzz/replay.c $(NET_O) $(CORE_O) -lcares -lssl -lcrypto)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- what is missing: `make` names it, demo and test install it as root ---

need-build: ; @$(NEED) $(if $(filter-out all install,$(or $(MAKECMDGOALS),all)),,-n) build
need-demo:  ; @$(NEED) build run
need-test:  ; @$(NEED) build run test $(if $(VALGRIND)$(ASAN),valgrind)
need-lint:  ; @$(NEED) build lint
need-fuzz:  ; @$(NEED) build fuzz
need-bench: ; @$(NEED) build run test bench valgrind

# --- goals ---

demo: need-demo          ## a private httpd and DNS server under build/demo; ONESHOT=1, DOMAIN=, MX=
	@$(MAKE) --no-print-directory all
	@t/demo/demo.sh "$(CURDIR)" "$(DOMAIN)" "$(MX)" "$(ONESHOT)"

test: need-test          ## everything that must pass; ASAN=1, VALGRIND=1, T='t/serve.t ...' for some
	@$(MAKE) --no-print-directory check

check: $(if $(T),,unit guard $(if $(ASAN),memcheck)) httpd-test

# What a hostile peer can reach, under valgrind, too: it sees OpenSSL's own
# memory, which the sanitizers don't.
memcheck:
	@$(MAKE) --no-print-directory ASAN= build/unit-net/probe build/unit-net/cert
	prove -j2 --exec 'valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' \
	    build/unit-net/probe build/unit-net/cert

unit: $(UNIT) $(TARGET:%=$(B)/replay/%) $(TARGET_NET:%=$(B)/replay-net/%)
	prove $(UNIT)
	@for t in $(TARGET); do \
	    prove --exec '' $(B)/replay/$$t :: t/fuzz/corpus/$$t/* || exit 1; done
	@for t in $(TARGET_NET); do \
	    prove --exec '' $(B)/replay-net/$$t :: t/fuzz-net/corpus/$$t/* || exit 1; done

guard:
	prove t/guard/*.t

httpd-test: $(MODULE)
	@ASAN="$(ASAN)" VALGRIND="$(VALGRIND)" t/lib/passes.sh "$(CURDIR)" $(MODULE) $(T)

bench: need-bench        ## speed and memory, as ratios measured in this run
	@$(MAKE) --no-print-directory all
	@perl t/bench/bench.pl "$(CURDIR)"

fuzz: need-fuzz          ## libFuzzer on each target, FUZZ_SECONDS=60 each
	@for t in $(TARGET); do \
	    mkdir -p build/fuzz/$$t && \
	    clang -g -O1 -std=c99 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
	        -o build/fuzz/fuzz-$$t t/fuzz/$$t.c $(CORE) -lcrypto && \
	    build/fuzz/fuzz-$$t -max_total_time=$(FUZZ_SECONDS) -max_len=2000 \
	        -artifact_prefix=build/fuzz/$$t- build/fuzz/$$t t/fuzz/corpus/$$t || exit 1; done
	@for t in $(TARGET_NET); do \
	    mkdir -p build/fuzz/$$t && \
	    clang -g -O1 -std=c99 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined \
	        -o build/fuzz/fuzz-$$t t/fuzz-net/$$t.c $(NET) $(CORE) -lcares -lssl -lcrypto && \
	    build/fuzz/fuzz-$$t -max_total_time=$(FUZZ_SECONDS) -max_len=70000 \
	        -artifact_prefix=build/fuzz/$$t- build/fuzz/$$t t/fuzz-net/corpus/$$t || exit 1; done

TIDY := clang-analyzer-*,bugprone-*,cert-*,misc-*,-bugprone-easily-swappable-parameters
TIDY := $(TIDY),-cert-err33-c,-misc-no-recursion,-bugprone-reserved-identifier,-bugprone-suspicious-string-compare,-bugprone-sizeof-expression,-clang-analyzer-valist.Uninitialized

lint: need-lint          ## clang-format, clang-tidy, cppcheck, gcc -fanalyzer, clang's warnings
	clang-format --dry-run -Werror mod_mtasts.c src/*/*.[ch] t/unit*/*.[ch] t/fuzz*/*.[ch]
	clang-tidy --quiet --warnings-as-errors='*' --checks='-*,$(TIDY)' \
	    $(CORE) $(NET) $(HTTPD) -- -std=c99 -D_GNU_SOURCE $(apxs_CPPFLAGS)
	cppcheck --quiet --error-exitcode=1 --std=c99 --enable=warning,portability,performance \
	    --inline-suppr --suppress=missingIncludeSystem mod_mtasts.c src
	@for f in $(CORE) $(NET) $(HTTPD); do echo "analyze $$f"; \
	    gcc -std=c99 -D_GNU_SOURCE -O1 $(WARN) -Werror -fanalyzer $(apxs_CPPFLAGS) -c -o /dev/null $$f && \
	    clang -std=c99 -D_GNU_SOURCE -O1 $(WARN) -Werror $(apxs_CPPFLAGS) -c -o /dev/null $$f || exit 1; done

MODS := $(DESTDIR)$(apxs_CONF)/mods-available

install: $(MODULE)       ## the module, and on Debian its .load and .conf for a2enmod; DESTDIR honoured
	mkdir -p "$(DESTDIR)$(apxs_LIBEXEC)"
	install -m 644 build/mod_mtasts.so "$(DESTDIR)$(apxs_LIBEXEC)/mod_mtasts.so"
	@if command -v a2enmod >/dev/null || [ -d "$(apxs_CONF)/mods-available" ]; then \
	    mkdir -p "$(MODS)" && \
	    sed 's|@LIBEXECDIR@|$(apxs_LIBEXEC)|' conf/mtasts.load >"$(MODS)/mtasts.load" && \
	    chmod 644 "$(MODS)/mtasts.load" && \
	    if [ -e "$(MODS)/mtasts.conf" ]; then \
	        echo "kept $(MODS)/mtasts.conf as it is"; \
	    else install -m 644 conf/mtasts.conf "$(MODS)/mtasts.conf"; fi && \
	    echo "now: a2enmod mtasts"; \
	else \
	    echo "now add to httpd.conf:  LoadModule mtasts_module $(apxs_LIBEXEC)/mod_mtasts.so"; fi

uninstall:               ## removes what install put there, but a changed mtasts.conf
	rm -f "$(DESTDIR)$(apxs_LIBEXEC)/mod_mtasts.so" "$(MODS)/mtasts.load"
	@if cmp -s conf/mtasts.conf "$(MODS)/mtasts.conf"; then rm -f "$(MODS)/mtasts.conf"; \
	elif [ -e "$(MODS)/mtasts.conf" ]; then echo "kept $(MODS)/mtasts.conf, which was changed"; fi

clean:                   ## removes build/, and stops a demo that runs there
	@[ ! -x build/demo/stop ] || build/demo/stop
	rm -rf build

help:
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile
