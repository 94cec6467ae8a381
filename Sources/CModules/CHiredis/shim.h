// hiredis is used as a reply parser only: the layouts that differ between 0.14 and 1.x stay in here.
#pragma once
#include <hiredis/hiredis.h>
#include <hiredis/read.h>
