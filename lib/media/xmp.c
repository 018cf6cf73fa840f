#include "lib/media/xmp.h"

static void put_text(struct bf_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;

        if (entity != NULL)
            bf_buf_printf(out, "%s", entity);
        else
            bf_buf_put_u8(out, (uint8_t)*text);
    }
}

static void put_alternative(struct bf_buf *out, const char *name, const char *text)
{
    bf_buf_printf(out, "   <dc:%s>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\">", name);
    put_text(out, text);
    bf_buf_printf(out, "</rdf:li>\n    </rdf:Alt>\n   </dc:%s>\n", name);
}

bool bf_xmp_build(struct bf_buf *out, const struct bf_xmp *xmp)
{
    /* The id is XMP's own, the same in every packet; the mark before it is a byte order mark. */
    bf_buf_printf(out, "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                       "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
                       " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
                       "  <rdf:Description rdf:about=\"\"\n"
                       "    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
                       "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
                       "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">\n"
                       "   <Iptc4xmpExt:DigitalSourceType>"
                       "http://cv.iptc.org/newscodes/digitalsourcetype/");
    put_text(out, xmp->source_type);
    bf_buf_printf(out, "</Iptc4xmpExt:DigitalSourceType>\n   <xmp:CreatorTool>");
    put_text(out, xmp->tool);
    bf_buf_printf(out, "</xmp:CreatorTool>\n");
    put_alternative(out, "title", xmp->title);
    put_alternative(out, "description", xmp->description);
    bf_buf_printf(out, "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>\n");
    return bf_buf_put_u8(out, 0);
}
