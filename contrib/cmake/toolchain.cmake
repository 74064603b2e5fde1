# Compiler flags shared by every room. Sanitizers and coverage come from the presets.

option(ASTREINTE_TESTS "Build the tests and the simulators they talk to" ON)
option(ASTREINTE_WERROR "Treat warnings as errors" ON)
option(ASTREINTE_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
option(ASTREINTE_COVERAGE "Instrument for gcov" OFF)
set(ASTREINTE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
# Only faces of libraries that have none in C.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2
  -Wcast-qual -Wswitch-enum -Wvla -Wundef
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(ASTREINTE_WERROR)
  add_compile_options(-Werror)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Assertions stay on in production.
  foreach(language C CXX)
    foreach(kind RELEASE RELWITHDEBINFO)
      string(REPLACE "-DNDEBUG" "" CMAKE_${language}_FLAGS_${kind}
             "${CMAKE_${language}_FLAGS_${kind}}")
    endforeach()
  endforeach()
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT ASTREINTE_SANITIZE AND
   (CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo"))
  # The OpenSSF hardening guide, as far as gcc 12 takes it. clang 14 refuses some of it, and
  # sanitizers replace what it does.
  add_compile_options(
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
    -fcf-protection=full -ftrivial-auto-var-init=zero -g)
  # The rooms are -fPIC, as the push library is installed shared; programs are -fPIE. Nobody
  # replaces our functions at run time, so that they may be inlined all the same.
  add_compile_options(-fno-semantic-interposition)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()

if(ASTREINTE_SANITIZE)
  add_compile_options(-fsanitize=${ASTREINTE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ASTREINTE_SANITIZE})
endif()
if(ASTREINTE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ASTREINTE_COVERAGE)
  # Threads count at once: without atomic updates gcov reports negative numbers.
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()
