/* Graph models that must be refused, each with a sentence that says why. */
#include "tests/unit/graph_fixture.h"

#include <stdio.h>
#include <unistd.h>

enum { H = 7, W = 9, C = 5 };

/* A network of one convolution, to be damaged. */
static void one_conv(struct net *n)
{
    char sliding[512];

    net_input(n, H, W, C);
    net_weights(n, "w", "3,3,5,8", NULL, 3 * 3 * 5 * 8);
    net_node(n, "y", "Conv2D", "\"x\",\"w\"", net_sliding(sliding, 1, "SAME", ""));
    net_output(n, "y");
}

static void refuses_graphs(void **state)
{
    /* what stands in place of y, and what is said of it */
    static const struct {
        const char *op, *inputs, *attributes, *why;
    } bad[] = {
        {"Einsum", "\"x\"", "", "unknown operation 'Einsum'"},
        {"Relu", "", "", "wrong number of inputs"},
        {"Relu", "\"z\"", "", "has the input 'z', which is not there"},
        {"Relu", "\"x:1\"", "", "has the input 'x:1'"},
        {"Relu", "\"y\"", "", "node 'y' depends on itself"},
        {"Relu", "7", "", "has the input ''"},
        {"Relu", "\"w\"", "", "operands of the wrong shape"},
        {"Conv2D", "\"x\",\"w\"", "", "has no padding"},
        {"Conv2D", "\"x\",\"w\"", "\"padding\":{\"s\":\"####\"}", "has no padding"},
        {"Conv2D", "\"x\",\"w\"", "\"padding\":{\"s\":\"TkFNRQ==\"}", "unknown padding"},
        {"Conv2D", "\"x\",\"x\"", "\"padding\":{\"s\":\"U0FNRQ==\"}", "wrong shape"},
        {"Conv2D", "\"x\",\"w2\"", "\"padding\":{\"s\":\"U0FNRQ==\"}", "wrong shape"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"strides\":{\"list\":{\"i\":[\"1\",\"0\",\"1\",\"1\"]}"
         "}",
         "'strides' out of range"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"strides\":{\"list\":{\"i\":[\"1\",\"-1\",\"1\",\"1\"]}"
         "}",
         "'strides' out of range"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"strides\":{\"list\":{\"i\":[1,1e3,1,1]}}",
         "'strides' out of range"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"strides\":{\"list\":{\"i\":[2,1,1,1]}}",
         "over images or channels"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"VkFMSUQ=\"},\"dilations\":{\"list\":{\"i\":[1,60000,1,1]}}",
         "no usable shape"},
        {"Conv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"data_format\":{\"s\":\"TkNIVw==\"}", "order of NHWC"},
        {"_FusedConv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"fused_ops\":{\"list\":{\"s\":[\"Qmlhc0FkZA==\"]}}",
         "wrong number of inputs"},
        {"_FusedConv2D", "\"x\",\"w\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"fused_ops\":{\"list\":{\"s\":[\"Wg==\"]}}",
         "unknown fused operation 'Z'"},
        {"DepthwiseConv2dNative", "\"x\",\"w\"", "\"padding\":{\"s\":\"U0FNRQ==\"}",
         "several channels of one"},
        {"MaxPool", "\"x\"",
         "\"padding\":{\"s\":\"VkFMSUQ=\"},\"ksize\":{\"list\":{\"i\":[1,8,8,1]}}",
         "no usable shape"},
        {"MaxPool", "\"x\"",
         "\"padding\":{\"s\":\"U0FNRQ==\"},\"ksize\":{\"list\":{\"i\":[1,65536,65536,1]}}", ""},
        {"Add", "\"x\",\"w\"", "", "wrong shape"},
        {"Add", "\"w\",\"w\"", "", "constants alone"},
        {"Prelu", "\"x\",\"w\"", "", "wrong shape"},
        {"MatMul", "\"x\",\"w\"", "", "wrong shape"},
        {"Reshape", "\"x\",\"w\"", "", "wrong shape"},
        {"Reshape", "\"x\",\"odd\"", "", "reshapes 315 elements"},
        {"Reshape", "\"x\",\"huge\"", "", "wrong shape"},
        {"Pad", "\"x\",\"odd\"", "", "wrong shape"},
        {"Pad", "\"x\",\"pads\"", "", "no usable shape"},
        {"Pad", "\"x\",\"back\"", "", "wrong shape"},
        {"ConcatV2", "\"x\",\"odd\"", "", "wrong shape"},
        {"ConcatV2", "\"x\",\"nine\"", "", "wrong shape"},
        {"Mean", "\"x\",\"odd\"", "", "other than the picture"},
        {"FusedBatchNorm", "\"x\",\"w\",\"w\",\"w\",\"w\"", "", "wrong shape"},
        {"Const", "", "", "weights of node 'y' are missing"},
    };
    static const int32_t odd[2] = {3, 4}, huge[4] = {65536, 65536, 65536, 65537},
                         pads[8] = {0, 65536, 0, 65536, 0, 65536, 0, 65536},
                         back[8] = {0, 0, -1, 0}, nine = 9;
    struct bf_error err;
    struct bf_graph *g;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct net net = {0};

        net_input(&net, H, W, C);
        net_weights(&net, "w", "3,3,5,8", NULL, 3 * 3 * 5 * 8);
        net_weights(&net, "w2", "3,3,4,8", NULL, 3 * 3 * 4 * 8);
        net_ints(&net, "odd", "2", odd, 2);
        net_ints(&net, "huge", "4", huge, 4);
        net_ints(&net, "pads", "4,2", pads, 8);
        net_ints(&net, "back", "4,2", back, 8);
        net_ints(&net, "nine", "", &nine, 1);
        net_node(&net, "y", bad[i].op, bad[i].inputs, bad[i].attributes);
        net_output(&net, "y");
        if (net_open(&g, &net, 1, NULL, NULL, &err) == BF_OK)
            fail_msg("case %zu (%s) is taken", i, bad[i].op);
        assert_null(g);
        if (strstr(err.text, bad[i].why) == NULL)
            fail_msg("case %zu (%s): %s", i, bad[i].op, err.text);
        net_release(&net);
    }
}

static void refuses_files(void **state)
{
    static const char *const not_json[] = {"",   "{",        "[]",
                                           "{}", "\"text\"", "{\"modelTopology\":{}}"};
    struct net net = {0};
    struct bf_error err;
    struct bf_graph *g;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof not_json / sizeof *not_json; i++)
        assert_int_equal(
            bf_graph_parse(&g, "net", not_json[i], strlen(not_json[i]), "", 0, 1, NULL, NULL, &err),
            BF_ERR_FORMAT);
    one_conv(&net);
    net.bin.len--;
    assert_refused(&net, BF_ERR_FORMAT, "its weights end within 'w'");
    one_conv(&net);
    bf_buf_put_u8(&net.bin, 0);
    assert_refused(&net, BF_ERR_FORMAT, "1 bytes more of weights");
    one_conv(&net);
    net_manifest(&net, "v", "65536,65536", "float32", "");
    assert_refused(&net, BF_ERR_LIMIT, "more than");
    one_conv(&net);
    net_manifest(&net, "v", "3,-1", "float32", "");
    assert_refused(&net, BF_ERR_FORMAT, "weight 'v' has no usable shape");
    one_conv(&net);
    net_manifest(&net, "v", "1e30", "float32", "");
    assert_refused(&net, BF_ERR_FORMAT, "weight 'v' has no usable shape");
    one_conv(&net);
    net_manifest(&net, "v", "1,1,1,1,1", "float32", "");
    assert_refused(&net, BF_ERR_FORMAT, "weight 'v' has no usable shape");
    one_conv(&net);
    net_manifest(&net, "v", "1", "string", "");
    assert_refused(&net, BF_ERR_FORMAT, "unknown type 'string'");
    one_conv(&net);
    net_manifest(&net, "v", "1", "float32", ",\"quantization\":{\"dtype\":\"int4\"}");
    assert_refused(&net, BF_ERR_FORMAT, "quantised in an unknown way");
    one_conv(&net);
    net_weights(&net, "w", "1", NULL, 1);
    assert_refused(&net, BF_ERR_FORMAT, "two nodes have the name 'w'");
    one_conv(&net);
    net_output(&net, "nothing");
    assert_refused(&net, BF_ERR_FORMAT, "its signature names 'nothing:0'");
    one_conv(&net);
    net_output(&net, "w");
    assert_refused(&net, BF_ERR_FORMAT, "'w' is a constant");
    one_conv(&net);
    for (i = 0; i < 16; i++)
        net_output(&net, "y");
    net_finish(&net);
    net_release(&net);
    net_input(&net, 65536, 65536, 3);
    net_output(&net, "x");
    assert_refused(&net, BF_ERR_FORMAT, "input 'x' has no usable shape");
    net_input(&net, -1, 4, 3);
    net_output(&net, "x");
    assert_refused(&net, BF_ERR_FORMAT, "input 'x' has no usable shape");
    assert_int_equal(bf_graph_parse(&g, "net", "{}", 2, "", 0, 0, NULL, NULL, &err), BF_ERR_USAGE);
}

/* A network that is right, but would take an hour or all memory */
static void refuses_excess(void **state)
{
    struct net net = {0};
    char sliding[512];
    int i;

    (void)state;
    net_input(&net, 4096, 4096, 4);
    net_weights(&net, "w", "5,5,4,4", NULL, 400);
    net_sliding(sliding, 1, "SAME", "");
    for (i = 0; i < 64; i++) {
        char name[16], inputs[32];

        snprintf(name, sizeof name, "c%d", i);
        snprintf(inputs, sizeof inputs, i ? "\"c%d\",\"w\"" : "\"x\",\"w\"", i - 1);
        net_node(&net, name, "Conv2D", inputs, sliding);
    }
    net_output(&net, "c63");
    assert_refused(&net, BF_ERR_LIMIT, "too many operations");
}

/* Files beside one another, and one that points elsewhere */
static void opens_files(void **state)
{
    char dir[] = "/tmp/graph-XXXXXX", json[64], bin[64];
    struct net net = {0};
    struct bf_graph *g;
    struct bf_error err;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(json, sizeof json, "%s/net.json", dir);
    snprintf(bin, sizeof bin, "%s/w.bin", dir);
    one_conv(&net);
    net_finish(&net);
    f = fopen(json, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(net.json.data, 1, net.json.len, f), net.json.len);
    fclose(f);
    assert_int_equal(bf_graph_open(&g, json, 1, NULL, NULL, &err), BF_ERR_IO);
    assert_non_null(strstr(err.text, "w.bin"));
    f = fopen(bin, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(net.bin.data, 1, net.bin.len, f), net.bin.len);
    fclose(f);
    assert_int_equal(bf_graph_open(&g, json, 1, NULL, NULL, &err), BF_OK);
    bf_graph_close(&g);
    bf_graph_close(&g);
    f = fopen(json, "w");
    assert_non_null(f);
    fputs("{\"weightsManifest\":[{\"paths\":[\"../w.bin\"]}]}", f);
    fclose(f);
    assert_int_equal(bf_graph_open(&g, json, 1, NULL, NULL, &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "outside its folder"));
    unlink(json);
    unlink(bin);
    rmdir(dir);
    net_release(&net);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_graphs),
        cmocka_unit_test(refuses_files),
        cmocka_unit_test(refuses_excess),
        cmocka_unit_test(opens_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
