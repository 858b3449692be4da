; property: P2
; operation: mul
; statement: bits(a . b) - ONE = (bits a - ONE) + (bits b - ONE)
; domain: positive normal operands, result in range, every policy
; mutant: the carry of the fractions does not reach the exponent
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(assert (not (or (negative a) (negative b))))
(assert (in_range (- (+ (bits a) (bits b)) ONE)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (- (bits (mul a b)) ONE) (+ (- (bits a) ONE) (- (bits b) ONE)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun carry_lost () Int
  (+ (* MIN (div (mag (mul a b)) MIN)) (mod (+ (field a) (field b)) MIN)
     (ite (>= (+ (field a) (field b)) MIN) (- MIN) 0)))
(assert (not (= (- carry_lost ONE) (+ (- (bits a) ONE) (- (bits b) ONE)))))
(echo "mutant")
(check-sat)
(pop 1)
