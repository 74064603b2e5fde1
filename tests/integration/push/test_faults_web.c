/* See fault_matrix.h. */
#include "tests/integration/push/fault_matrix.h"

int main(void)
{
    return fault_matrix_main(PUSH_WEB);
}
