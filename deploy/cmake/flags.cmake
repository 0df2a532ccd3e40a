# SPDX-License-Identifier: BSD-2-Clause
# Warnings, hardening, sanitizers: one place for all targets.
# No NDEBUG: a broken invariant has to end the program, not the mail.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wswitch-enum -Wvla
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
  -ffile-prefix-map=${PROJECT_BINARY_DIR}=build -Werror=date-time)
if(WERROR)
  add_compile_options(-Werror)
endif()
if(SANITIZE)
  add_compile_options(-fsanitize=${SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SANITIZE})
  add_compile_definitions(MAILHAUL_SANITIZED)
else()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection
    -fcf-protection $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  set(CMAKE_EXE_LINKER_FLAGS
    "${CMAKE_EXE_LINKER_FLAGS} -pie -Wl,-z,relro,-z,now,-z,noexecstack")
endif()
if(FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
