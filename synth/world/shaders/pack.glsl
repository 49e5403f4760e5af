// A surface as four words: what it is, its depth, its normal, its colour. One target instead of several, and
// nothing of it is ever averaged.
//   x: thing | body part << 16 | look << 24     y: depth as a float's bits; 0 is nothing
//   z: normal, octahedral                       w: square root of the linear colour; its fourth byte is free
vec2 fold(vec3 normal) {
    vec2 flat_normal = normal.xy / (abs(normal.x) + abs(normal.y) + abs(normal.z));
    vec2 signs = vec2(flat_normal.x < 0.0 ? -1.0 : 1.0, flat_normal.y < 0.0 ? -1.0 : 1.0);
    return normal.z >= 0.0 ? flat_normal : (1.0 - abs(flat_normal.yx)) * signs;
}

vec3 unfold(uint word) {
    vec2 place = unpackSnorm2x16(word);
    vec3 normal = vec3(place, 1.0 - abs(place.x) - abs(place.y));
    float back = max(-normal.z, 0.0);
    normal.xy += vec2(normal.x < 0.0 ? back : -back, normal.y < 0.0 ? back : -back);
    return normalize(normal);
}

// Four shares of 0 to 1 from a word that packUnorm4x8 made, to the last bit what a texture of bytes gives. Signed: CPUs
// have no instruction that makes floats of unsigned numbers.
vec4 shares(uint word) {
    precise vec4 result = vec4(ivec4((uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 255u)) * (1.0 / 255.0);
    return result;
}
