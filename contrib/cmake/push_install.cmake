# The push library as other programs find it: `cmake --install <build> --component push`.
#
#     lib/libastreinte-push.so.0      exports what the installed headers declare
#     lib/libastreinte-push.a         the same, as one object whose other symbols are local
#     include/astreinte-push/         the headers, by their paths from the repository's root
#     lib/cmake/astreinte-push/       find_package(astreinte-push): astreinte::push
#     lib/pkgconfig/astreinte-push.pc
#
# The foundation's names (log_…, arena_…, json_…) are too common for a foreign program: hence the
# list of symbols below, and no plain archive. The gateway itself links the rooms as before.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(push_headers
    apns-fcm/push.h gateway/base/burden.h gateway/base/clock.h gateway/base/random.h
    gateway/base/status.h gateway/base/time.h gateway/base/uuid.h)
set(push_include_folder "${CMAKE_INSTALL_INCLUDEDIR}/astreinte-push")
set(push_config_folder "${CMAKE_INSTALL_LIBDIR}/cmake/astreinte-push")
set(push_pkgconfig_folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
# What the headers declare, and nothing else; tests/integration/test_push_install.py compares.
set(push_symbols push_* burden_* clock_* error_* random_* status_* uuid_* wall_time_*)

# ---- the shared library ----

set(push_map "${PROJECT_BINARY_DIR}/astreinte-push.map")
list(JOIN push_symbols "; " push_map_text)
file(CONFIGURE OUTPUT "${push_map}" CONTENT "{ global: @push_map_text@; local: *; };\n" @ONLY)
add_library(astreinte_push_shared SHARED $<TARGET_OBJECTS:astreinte_push>)
target_link_libraries(astreinte_push_shared PRIVATE astreinte_base)
get_target_property(push_links astreinte_push LINK_LIBRARIES)
target_link_libraries(astreinte_push_shared PRIVATE ${push_links})
target_include_directories(astreinte_push_shared INTERFACE
  "$<INSTALL_INTERFACE:${push_include_folder}>")
# The hardened build links everything with -pie, which a library is not. nodelete: jansson keeps
# asking base/json_reader.c for memory, also when a host that loaded the library has closed it.
get_directory_property(push_link_options LINK_OPTIONS)
list(REMOVE_ITEM push_link_options -pie)
set_target_properties(astreinte_push_shared PROPERTIES
  OUTPUT_NAME astreinte-push VERSION "${PROJECT_VERSION}" SOVERSION "${PROJECT_VERSION_MAJOR}"
  LINKER_LANGUAGE C EXPORT_NAME push LINK_DEPENDS "${push_map}"
  LINK_OPTIONS "${push_link_options};-Wl,--version-script=${push_map};-Wl,-z,nodelete")
if(NOT ASTREINTE_SANITIZE AND NOT ASTREINTE_FUZZ)
  target_link_options(astreinte_push_shared PRIVATE -Wl,-z,defs)
endif()

# ---- the static library: one object, whose other symbols were made local ----

set(push_object "${PROJECT_BINARY_DIR}/astreinte-push.o")
set(push_archive "${PROJECT_BINARY_DIR}/libastreinte-push.a")
list(TRANSFORM push_symbols PREPEND --keep-global-symbol= OUTPUT_VARIABLE push_keep)
add_custom_command(OUTPUT "${push_archive}"
  COMMAND "${CMAKE_LINKER}" -r -o "${push_object}" --whole-archive "$<TARGET_FILE:astreinte_push>"
          --no-whole-archive "$<TARGET_FILE:astreinte_base>"
  COMMAND "${CMAKE_OBJCOPY}" --wildcard ${push_keep} "${push_object}"
  COMMAND "${CMAKE_COMMAND}" -E rm -f "${push_archive}"
  COMMAND "${CMAKE_AR}" rcs "${push_archive}" "${push_object}"
  DEPENDS astreinte_push astreinte_base
  COMMENT "Linking the push library into one object" VERBATIM)
add_custom_target(astreinte_push_static ALL DEPENDS "${push_archive}")

# ---- what it needs: each pkg-config module that the two rooms link ----

set(push_modules "")
get_target_property(base_links astreinte_base LINK_LIBRARIES)
foreach(link IN LISTS push_links base_links)
  if(link MATCHES "^PkgConfig::(.+)$")
    list(APPEND push_modules "${${CMAKE_MATCH_1}_MODULE_NAME}")
  endif()
endforeach()
list(REMOVE_DUPLICATES push_modules)
list(JOIN push_modules " " PUSH_PKGCONFIG_MODULES)

# ---- what is installed ----

file(RELATIVE_PATH PUSH_PKGCONFIG_PREFIX "/p/${push_pkgconfig_folder}" "/p")
string(REGEX REPLACE "/$" "" PUSH_PKGCONFIG_PREFIX "${PUSH_PKGCONFIG_PREFIX}")
set(PUSH_INCLUDE_FOLDER "${push_include_folder}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/astreinte-push.pc.in"
               "${PROJECT_BINARY_DIR}/astreinte-push.pc" @ONLY)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/astreinte-push-config.cmake.in"
  "${PROJECT_BINARY_DIR}/astreinte-push-config.cmake"
  INSTALL_DESTINATION "${push_config_folder}" PATH_VARS CMAKE_INSTALL_LIBDIR push_include_folder)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/astreinte-push-config-version.cmake"
  COMPATIBILITY SameMinorVersion)

foreach(header IN LISTS push_headers)
  get_filename_component(folder "${header}" DIRECTORY)
  install(FILES "${header}" DESTINATION "${push_include_folder}/${folder}" COMPONENT push)
endforeach()
install(TARGETS astreinte_push_shared EXPORT astreinte-push
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT push NAMELINK_COMPONENT push)
install(FILES "${push_archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT push)
install(EXPORT astreinte-push NAMESPACE astreinte:: FILE astreinte-push-targets.cmake
  DESTINATION "${push_config_folder}" COMPONENT push)
install(FILES "${PROJECT_BINARY_DIR}/astreinte-push-config.cmake"
              "${PROJECT_BINARY_DIR}/astreinte-push-config-version.cmake"
  DESTINATION "${push_config_folder}" COMPONENT push)
install(FILES "${PROJECT_BINARY_DIR}/astreinte-push.pc"
  DESTINATION "${push_pkgconfig_folder}" COMPONENT push)
