# A room is a folder: all its C and C++ files make one static library, and what it links is what it
# may include (tests/tidy checks the includes themselves).

# astreinte_room(<name> [LINK <targets>...]): the library astreinte_<name> from this folder.
function(astreinte_room name)
  cmake_parse_arguments(ROOM "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c"
       "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "_main\\.c$")
  if(sources)
    add_library(astreinte_${name} STATIC ${sources})
    target_include_directories(astreinte_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(astreinte_${name} PUBLIC ${ROOM_LINK})
  else()
    add_library(astreinte_${name} INTERFACE)
    target_include_directories(astreinte_${name} INTERFACE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(astreinte_${name} INTERFACE ${ROOM_LINK})
  endif()
endfunction()
