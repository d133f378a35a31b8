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
STORE  := $(wildcard src/store/*.c)
HTTPD  := mod_mtasts.c $(wildcard src/httpd/*.c)
UNIT_STORE := $(patsubst t/unit-store/%.c,$(B)/unit-store/%,$(wildcard t/unit-store/*.c))
UNIT   := $(patsubst t/unit/%.c,$(B)/unit/%,$(wildcard t/unit/*.c)) \
          $(patsubst t/unit-net/%.c,$(B)/unit-net/%,$(wildcard t/unit-net/*.c)) \
          $(patsubst t/unit-store/%.c,$(B)/unit-store/%,$(wildcard t/unit-store/*.c)) \
          $(patsubst t/unit-httpd/%.c,$(B)/unit-httpd/%,$(wildcard t/unit-httpd/*.c))
SIMULATE := $(B)/simulate
TARGET := $(patsubst t/fuzz/%.c,%,$(filter-out t/fuzz/replay.c,$(wildcard t/fuzz/*.c)))
TARGET_NET := $(patsubst t/fuzz-net/%.c,%,$(wildcard t/fuzz-net/*.c))
FUZZ_SECONDS ?= 60

# Asked of apxs when first used: it may have to be installed before.
ask     = $(eval $(1) := $(2))$($(1))
apxs_CC       = $(call ask,apxs_CC,$(shell $(APXS) -q CC 2>/dev/null))
apxs_CFLAGS   = $(call ask,apxs_CFLAGS,$(shell $(APXS) -q CFLAGS))
apxs_CPPFLAGS = $(call ask,apxs_CPPFLAGS,$(shell $(APXS) -q EXTRA_CPPFLAGS) \
                $(addprefix -isystem ,$(shell $(APXS) -q INCLUDEDIR APR_INCLUDEDIR APU_INCLUDEDIR | tr ';' ' ')))
apxs_LIBS     = $(call ask,apxs_LIBS,$(foreach c,$(shell $(APXS) -q APU_CONFIG APR_CONFIG | tr ';' ' '),$(shell $(c) --link-ld)))
apxs_LIBEXEC  = $(call ask,apxs_LIBEXEC,$(shell $(APXS) -q LIBEXECDIR))
apxs_NAME     = $(call ask,apxs_NAME,$(shell $(APXS) -q PROGNAME))
apxs_CONF     = $(call ask,apxs_CONF,$(shell $(APXS) -q SYSCONFDIR))

ifneq (,$(filter default undefined,$(origin CC)))
CC      = $(apxs_CC)
endif
WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes
,      := ,
SAN    := $(if $(ASAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -U_FORTIFY_SOURCE -O1)
# What every object gets; src/core sees no path to httpd's or APR's headers.
FLAGS   = $(apxs_CFLAGS) -std=c99 -D_GNU_SOURCE -fPIC -fvisibility=hidden $(WARN) -MMD -MP $(SAN) $(CFLAGS)
# Where the httpd of the system keeps what must outlive it; `make install` keeps
# what the tree was built with.
STATE_DIR ?= $(or $(shell cat $(OBJ)/STATE_DIR 2>/dev/null),/var/lib/$(apxs_NAME)/mtasts)
STATE   = -DMTASTS_STATE_DIR='"$(patsubst %/,%,$(STATE_DIR))"'
SHARED := $(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared)
LIBS   := -lcares -ljansson -lidn2 -lssl -lcrypto

# V=1 shows the commands.
run      = @$(if $(V),,echo '  $(1) $(2)' && )$(if $(V),set -x; )$(3)

CORE_O  := $(CORE:%.c=$(OBJ)/%.o)
NET_O   := $(NET:%.c=$(OBJ)/%.o)
STORE_O := $(STORE:%.c=$(OBJ)/%.o)
# style.css and script.js of the status pages, made C.
ASSETS  := $(OBJ)/src/httpd/status_assets
HTTPD_O := $(HTTPD:%.c=$(OBJ)/%.o) $(ASSETS).o
# What makes the status pages: nothing of httpd itself.
PAGES   := $(filter-out src/httpd/status.c $(patsubst %,src/httpd/status_%.c,source json rows), \
           $(wildcard src/httpd/page.c src/httpd/status*.c))
PAGES_O := $(PAGES:%.c=$(OBJ)/%.o) $(ASSETS).o

.PHONY: all demo test check unit guard memcheck httpd-test screenshots simulate bench fuzz lint install uninstall clean help FORCE \
        need-build need-demo need-test need-lint need-fuzz need-bench
.DELETE_ON_ERROR:

all: $(MODULE)           ## build build/mod_mtasts.so; V=1 shows the commands
	@echo '$(MODULE) is there; next: make install'

$(MODULE): $(CORE_O) $(NET_O) $(STORE_O) $(HTTPD_O)
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

# A string for each line; \? as no trigraph is meant.
asset    = echo 'static const char $(1)[] =' && sed -e 's/[\\"?]/\\&/g' -e 's/.*/    "&\\n"/' $(2) && echo '    ;' && \
           echo 'const mtasts_status_asset mtasts_status_$(1) = {$(1), sizeof($(1)) - 1};'
$(ASSETS).c: src/httpd/status.css src/httpd/status.js | need-build
	@mkdir -p $(@D)
	$(call run,MAKE,$@,{ echo '#include "src/httpd/status_html.h"' && $(call asset,style,src/httpd/status.css) && \
	    $(call asset,script,src/httpd/status.js) && cat src/httpd/status.css src/httpd/status.js | cksum | \
	    sed 's/^\([0-9]*\).*/const char mtasts_status_version[] = "\1";/'; } >$@)

$(ASSETS).o: $(ASSETS).c | need-build
	$(call run,CC,$<,$(CC) $(FLAGS) -I. $(apxs_CPPFLAGS) -c -o $@ $<)

# The file changes when the variable does.
$(OBJ)/src/httpd/memory.o: FLAGS += $(STATE)
$(OBJ)/src/httpd/memory.o: $(OBJ)/STATE_DIR
$(OBJ)/STATE_DIR: FORCE | need-build
	@mkdir -p $(@D)
	@echo '$(STATE_DIR)' | cmp -s - $@ || echo '$(STATE_DIR)' >$@

$(B)/unit/%: t/unit/%.c $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< $(CORE_O) -lcrypto)

$(B)/replay/%: t/fuzz/%.c t/fuzz/replay.c $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< t/fuzz/replay.c $(CORE_O) -lcrypto)

$(B)/unit-net/%: t/unit-net/%.c $(CORE_O) $(NET_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< $(NET_O) $(CORE_O) -lcares -lssl -lcrypto)

# Those that need nothing of httpd itself.
$(B)/unit-httpd/command: $(OBJ)/src/httpd/command.o
$(filter $(B)/unit-httpd/status_%,$(UNIT)): $(PAGES_O)
$(B)/unit-httpd/%: t/unit-httpd/%.c $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) $(apxs_CPPFLAGS) -o $@ $(filter %.c %.o,$^) $(apxs_LIBS) -ljansson -lcrypto -lpthread)

$(B)/replay-net/%: t/fuzz-net/%.c t/fuzz/replay.c $(CORE_O) $(NET_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) -o $@ $< t/fuzz/replay.c $(NET_O) $(CORE_O) -lcares -lssl -lcrypto)

$(B)/unit-store/%: t/unit-store/%.c $(CORE_O) $(STORE_O)
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(FLAGS) $(apxs_CPPFLAGS) -o $@ $< $(STORE_O) $(CORE_O) $(apxs_LIBS) -lcrypto)

$(SIMULATE): $(wildcard t/simulate/*.[ch]) t/unit/tap.h $(CORE_O)
	@mkdir -p $(@D)
	$(call run,CC,t/simulate,$(CC) $(filter-out -MMD -MP,$(FLAGS)) -o $@ $(filter %.c,$^) $(CORE_O) -lcrypto)

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
	SLOW=1 prove -j2 --exec 'valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite' \
	    build/unit-net/probe build/unit-net/cert

unit: $(UNIT) $(SIMULATE) $(TARGET:%=$(B)/replay/%) $(TARGET_NET:%=$(B)/replay-net/%)
	prove $(UNIT) $(SIMULATE)
	@for t in $(TARGET); do \
	    prove --exec '' $(B)/replay/$$t :: t/fuzz/corpus/$$t/* || exit 1; done
	@for t in $(TARGET_NET); do \
	    prove --exec '' $(B)/replay-net/$$t :: t/fuzz-net/corpus/$$t/* || exit 1; done

guard: $(B)/unit-httpd/status_metrics
	BUILD='$(B)' prove t/guard/*.t

httpd-test: $(MODULE) $(UNIT_STORE) $(B)/unit-httpd/status_pages
	@ASAN="$(ASAN)" VALGRIND="$(VALGRIND)" t/lib/passes.sh "$(CURDIR)" $(MODULE) $(T)

screenshots:             ## of README, as the suite's t/status-real.t takes them
	@$(MAKE) --no-print-directory test T=t/status-real.t
	mkdir -p docs
	cp build/event/t/logs/screenshots/overview-1440-light.png docs/status-overview.png
	cp build/event/t/logs/screenshots/readme-domain.png docs/status-domain.png

simulate: $(SIMULATE)    ## many senders for a year against the module's advice; SEED=n repeats one
	@SEED="$(SEED)" $(SIMULATE) long

bench: need-bench        ## speed and memory, as ratios measured in this run; P='watch ...' for some parts
	@$(MAKE) --no-print-directory all
	@perl t/bench/bench.pl "$(CURDIR)" $(P)

fuzz: need-fuzz          ## libFuzzer on each target, FUZZ_SECONDS=60 each
	@for t in $(TARGET); do \
	    mkdir -p build/fuzz/$$t && \
	    clang -g -O1 -std=c99 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	        -o build/fuzz/fuzz-$$t t/fuzz/$$t.c $(CORE) -lcrypto && \
	    build/fuzz/fuzz-$$t -max_total_time=$(FUZZ_SECONDS) -max_len=2000 \
	        -artifact_prefix=build/fuzz/$$t- build/fuzz/$$t t/fuzz/corpus/$$t || exit 1; done
	@for t in $(TARGET_NET); do \
	    mkdir -p build/fuzz/$$t && \
	    clang -g -O1 -std=c99 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	        -o build/fuzz/fuzz-$$t t/fuzz-net/$$t.c $(NET) $(CORE) -lcares -lssl -lcrypto && \
	    build/fuzz/fuzz-$$t -max_total_time=$(FUZZ_SECONDS) -max_len=70000 \
	        -artifact_prefix=build/fuzz/$$t- build/fuzz/$$t t/fuzz-net/corpus/$$t || exit 1; done

LINTED := $(CORE) $(NET) $(STORE) $(HTTPD)
JOBS   ?= $(or $(shell nproc 2>/dev/null),1)
TIDY := clang-analyzer-*,bugprone-*,cert-*,misc-*,-bugprone-easily-swappable-parameters
TIDY := $(TIDY),-cert-err33-c,-misc-no-recursion,-bugprone-reserved-identifier,-bugprone-suspicious-string-compare,-bugprone-sizeof-expression,-clang-analyzer-valist.Uninitialized

lint: need-lint          ## clang-format, clang-tidy, cppcheck, gcc -fanalyzer, clang's warnings, shellcheck
	clang-format --dry-run -Werror mod_mtasts.c src/*/*.[ch] t/unit*/*.[ch] t/fuzz*/*.[ch] t/simulate/*.[ch]
	cppcheck --quiet --error-exitcode=1 --std=c99 --enable=warning,portability,performance \
	    --inline-suppr --suppress=missingIncludeSystem --suppress=varFuncNullUB mod_mtasts.c src
	shellcheck -x -s sh conf/notify-mail.sh conf/publish/*
	@$(MAKE) --no-print-directory -j $(JOBS) $(LINTED:%=lint/%)

lint/%: %
	@echo 'lint $*'
	@clang-tidy --quiet --warnings-as-errors='*' --checks='-*,$(TIDY)' $* -- -std=c99 -D_GNU_SOURCE $(STATE) $(apxs_CPPFLAGS) 2>/dev/null
	@gcc -std=c99 -D_GNU_SOURCE -O1 $(WARN) -Werror -fanalyzer $(STATE) $(apxs_CPPFLAGS) -c -o /dev/null $*
	@clang -std=c99 -D_GNU_SOURCE -O1 $(WARN) -Werror $(STATE) $(apxs_CPPFLAGS) -c -o /dev/null $*

MODS := $(DESTDIR)$(apxs_CONF)/mods-available
# Where the commands go that httpd may run.
prefix ?= /usr/local
COMMANDS := $(DESTDIR)$(prefix)/lib/mtasts
SHARE    := $(DESTDIR)$(prefix)/share/mtasts

install: $(MODULE)       ## the module, commands, and on Debian its .load and .conf for a2enmod; DESTDIR honoured
	mkdir -p "$(DESTDIR)$(apxs_LIBEXEC)"
	install -m 644 build/mod_mtasts.so "$(DESTDIR)$(apxs_LIBEXEC)/mod_mtasts.so"
	mkdir -p "$(COMMANDS)/publish"
	install -m 755 conf/notify-mail.sh "$(COMMANDS)/"
	install -m 755 $(filter-out %.sh,$(wildcard conf/publish/*)) "$(COMMANDS)/publish/"
	install -m 644 conf/publish/record.sh "$(COMMANDS)/publish/"
	mkdir -p "$(SHARE)"
	install -m 644 conf/mtasts-status.schema.json "$(SHARE)/"
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
	rm -f "$(DESTDIR)$(apxs_LIBEXEC)/mod_mtasts.so" "$(MODS)/mtasts.load" "$(COMMANDS)/notify-mail.sh" \
	    "$(SHARE)/mtasts-status.schema.json" $(patsubst conf/%,"$(COMMANDS)/%",$(wildcard conf/publish/*))
	@rmdir "$(COMMANDS)/publish" "$(COMMANDS)" "$(SHARE)" 2>/dev/null || true
	@if cmp -s conf/mtasts.conf "$(MODS)/mtasts.conf"; then rm -f "$(MODS)/mtasts.conf"; \
	elif [ -e "$(MODS)/mtasts.conf" ]; then echo "kept $(MODS)/mtasts.conf, which was changed"; fi

clean:                   ## removes build/, and stops a demo that runs there
	@[ ! -x build/demo/stop ] || build/demo/stop
	rm -rf build

help:
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile
