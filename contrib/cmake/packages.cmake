# Every library the product links, all Debian 12 packages.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(ASTREINTE_PYTHON /usr/bin/python3 REQUIRED)

pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(PROTOBUF REQUIRED IMPORTED_TARGET protobuf) # what libphonenumber speaks
# It has no file for pkg-config.
find_path(PHONENUMBER_INCLUDE phonenumbers/phonenumberutil.h REQUIRED)
find_library(PHONENUMBER_LIBRARY phonenumber REQUIRED)
pkg_check_modules(ICAL REQUIRED IMPORTED_TARGET libical>=3.0.16)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
if(ASTREINTE_TESTS)
  pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt>=1.10)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
